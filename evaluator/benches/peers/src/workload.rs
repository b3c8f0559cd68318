//! What is decided: three workloads, described once, from which each engine's own rules are made.
//!
//! - **W1**: the story's feature, one decision: two testers by name; a quarter of Pro users in two countries; everyone else.
//! - **W2**: 1,000 features of five rules each, all of them decided for one context.
//! - **W3**: one list of 100,000 users, all of whom ask.
//!
//! A feature is on where any of its rules matches.

/// Rules, and those who ask.
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    /// What one decision is.
    pub(crate) unit: &'static str,
    pub(crate) features: Vec<Feature>,
    pub(crate) contexts: Vec<Context>,
}

pub(crate) struct Feature {
    pub(crate) key: String,
    pub(crate) rules: Vec<Rule>,
}

/// Matches where every test holds and the user is within the rollout, if there is one.
pub(crate) struct Rule {
    pub(crate) name: String,
    pub(crate) tests: Vec<Test>,
    pub(crate) percent: Option<u32>,
}

/// Holds where the attribute is one of these values.
pub(crate) struct Test {
    pub(crate) attribute: Attribute,
    pub(crate) values: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attribute {
    User,
    Country,
    Subscription,
}

/// The attributes that come with a request.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) user: String,
    pub(crate) country: String,
    pub(crate) subscription: String,
}

/// Lists that are longer than this are kept as each engine keeps long lists.
const LONG: usize = 100;

impl Attribute {
    pub(crate) const ALL: [Self; 3] = [Self::User, Self::Country, Self::Subscription];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::User => "user_id",
            Self::Country => "country",
            Self::Subscription => "subscription",
        }
    }
}

impl Context {
    pub(crate) fn get(&self, attribute: Attribute) -> &str {
        match attribute {
            Attribute::User => &self.user,
            Attribute::Country => &self.country,
            Attribute::Subscription => &self.subscription,
        }
    }

    /// Names with values.
    pub(crate) fn pairs(&self) -> [(&'static str, &str); 3] {
        Attribute::ALL.map(|attribute| (attribute.name(), self.get(attribute)))
    }
}

impl Test {
    pub(crate) fn holds(&self, context: &Context) -> bool {
        self.values
            .iter()
            .any(|value| value == context.get(self.attribute))
    }

    pub(crate) fn is_long(&self) -> bool {
        self.values.len() > LONG
    }
}

impl Workload {
    pub(crate) fn all() -> [Self; 3] {
        [Self::story(), Self::features(), Self::list()]
    }

    /// W1
    fn story() -> Self {
        let rule = |name: &str, tests, percent| Rule {
            name: name.to_owned(),
            tests,
            percent,
        };
        let testers = test(Attribute::User, &["123", "456"]);
        let countries = test(Attribute::Country, &["IN", "US"]);
        let tier = test(Attribute::Subscription, &["pro"]);
        Self {
            name: "W1",
            unit: "one decision by the story's rules",
            features: vec![Feature {
                key: "read".to_owned(),
                rules: vec![
                    rule("Testing Group", vec![testers], None),
                    rule("Pro in two countries", vec![countries, tier], Some(25)),
                ],
            }],
            contexts: contexts(|nth| (nth * 7 % 1_000).to_string(), &["IN", "US", "FR", "DE"]),
        }
    }

    /// W2
    fn features() -> Self {
        let countries: Vec<String> = (0..50_u8)
            .map(|nth| format!("{}{}", char::from(b'A' + nth / 10), char::from(b'A' + nth % 10)))
            .collect();
        let country = |nth: usize| countries[nth % countries.len()].as_str();
        let feature = |nth: usize| {
            let users = |of: usize| -> Vec<String> {
                (0..3)
                    .map(|at| format!("user-{:08}", nth * 31 + of * 7 + at))
                    .collect()
            };
            let named = |of| Test {
                attribute: Attribute::User,
                values: users(of),
            };
            let places = |of: usize, count: usize| {
                let values: Vec<&str> = (0..count).map(|at| country(nth + of * 11 + at * 5)).collect();
                test(Attribute::Country, &values)
            };
            let tier = |of: usize| {
                let tier = ["free", "pro", "enterprise"][(nth + of) % 3];
                test(Attribute::Subscription, &[tier])
            };
            let tests = [
                vec![named(0)],
                vec![places(1, 2), tier(1)],
                vec![named(2), tier(2)],
                vec![places(3, 3), tier(3), named(3)],
                vec![places(4, 1)],
            ];
            let rules = tests.into_iter().zip(1..).map(|(tests, of)| Rule {
                name: format!("Rule {of}"),
                tests,
                percent: None,
            });
            Feature {
                key: format!("feature-{nth:04}"),
                rules: rules.collect(),
            }
        };
        let places: Vec<&str> = countries.iter().map(String::as_str).collect();
        Self {
            name: "W2",
            unit: "1,000 features of five rules",
            features: (0..1_000).map(feature).collect(),
            contexts: contexts(|nth| format!("user-{:08}", nth * 13), &places),
        }
    }

    /// W3
    fn list() -> Self {
        let user = |nth: usize| format!("user-{nth:08}");
        let listed = Test {
            attribute: Attribute::User,
            values: (0..100_000).map(user).collect(),
        };
        Self {
            name: "W3",
            unit: "one of a list of 100,000",
            features: vec![Feature {
                key: "listed".to_owned(),
                rules: vec![Rule {
                    name: "Listed".to_owned(),
                    tests: vec![listed],
                    percent: None,
                }],
            }],
            contexts: contexts(|nth| user(nth * 97), &["IN", "US"]),
        }
    }
}

fn test(attribute: Attribute, values: &[&str]) -> Test {
    Test {
        attribute,
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    }
}

/// A thousand of those who ask.
fn contexts(user: impl Fn(usize) -> String, countries: &[&str]) -> Vec<Context> {
    let context = |nth: usize| Context {
        user: user(nth),
        country: countries[nth % countries.len()].to_owned(),
        subscription: ["free", "pro", "enterprise"][nth % 3].to_owned(),
    };
    (0..1_000).map(context).collect()
}
