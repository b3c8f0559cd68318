use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde_json::{Value, json};

use super::shelf::{Answer, Shelf};

#[tokio::test]
async fn every_refusal_has_its_code_and_status() {
    let shelf = Shelf::open().await;
    for (method, path, body, status, code) in [
        (Method::GET, "nosuch", "", 404, "PGRST205"),
        (Method::GET, "items?nosuch=eq.1", "", 400, "42703"),
        (Method::GET, "items?select=nosuch", "", 400, "42703"),
        (Method::GET, "items?order=nosuch", "", 400, "42703"),
        (Method::GET, "items?id=5", "", 400, "PGRST100"),
        (Method::GET, "items?id=almost.5", "", 400, "PGRST100"),
        (Method::GET, "items?select=id,other(*)", "", 400, "PGRST127"),
        (Method::GET, "items?other.id=eq.1", "", 400, "PGRST108"),
        (Method::GET, "items?select=id::nosuch", "", 400, "42704"),
        (Method::GET, "items?select=id::uuid", "", 400, "42846"),
        (Method::GET, "items?id=eq.abc", "", 400, "22P02"),
        (Method::GET, "items?id=eq.99999999999", "", 400, "22003"),
        (Method::GET, "items?born=eq.yesterdayish", "", 400, "22007"),
        (Method::GET, "items?born=eq.2020-13-45", "", 400, "22008"),
        (Method::GET, "items?mood=eq.hungry", "", 400, "22P02"),
        (Method::GET, "items?tags=cs.a", "", 400, "22P02"),
        (Method::GET, "items?span=cs.1", "", 400, "22P02"),
        (Method::GET, "items?id=like.1*", "", 404, "42883"),
        (Method::GET, "items?name=match.(", "", 400, "2201B"),
        (Method::GET, "items?name=eq.%00", "", 400, "22021"),
        (Method::GET, "items?name=fts(klingon).a", "", 400, "42704"),
        (Method::POST, "items", "{", 400, "PGRST102"),
        (Method::POST, "items", "[1]", 400, "PGRST102"),
        (
            Method::POST,
            "items",
            r#"[{"id":1},{"name":"x"}]"#,
            400,
            "PGRST102",
        ),
        (Method::POST, "items", r#"{"nosuch":1}"#, 400, "PGRST204"),
        (Method::POST, "items", r#"{"id":1}"#, 409, "23505"),
        (Method::POST, "items", r#"{"id":null}"#, 400, "23502"),
        (Method::POST, "items", r#"{"id":"x"}"#, 400, "22P02"),
        (Method::POST, "items", r#"{"code":"abcd"}"#, 400, "22001"),
        (Method::POST, "items", r#"{"price":123456789}"#, 400, "22003"),
        (Method::POST, "items", r#"{"name":"\u0000"}"#, 400, "22P05"),
        (Method::POST, "items", r#"{"search":"x"}"#, 400, "428C9"),
        (Method::POST, "keyless", r#"{"a":1}"#, 400, "55000"),
        (
            Method::PATCH,
            "items?id=eq.1",
            r#"[{"note":"a"},{"note":"b"}]"#,
            400,
            "PGRST102",
        ),
        (
            Method::PATCH,
            "items?id=eq.1&limit=1",
            r#"{"note":"a"}"#,
            400,
            "PGRST109",
        ),
        (Method::PATCH, "items?id=eq.1", r#"{"nosuch":1}"#, 400, "PGRST204"),
        (Method::DELETE, "items?nosuch=is.null", "", 400, "42703"),
        (Method::PUT, "items?id=eq.1", "{}", 405, "PGRST117"),
        (Method::GET, "items/1", "", 404, "PGRST125"),
    ] {
        let answer = shelf.send(method.clone(), path, "", body).await;
        let seen = (answer.status.as_u16(), answer.json()["code"].clone());
        assert_eq!(
            seen,
            (status, json!(code)),
            "{method} {path} {body}: {}",
            answer.text
        );
        let keys: Vec<_> = answer
            .json()
            .as_object()
            .expect("an object")
            .keys()
            .cloned()
            .collect();
        assert_eq!(keys, ["code", "details", "hint", "message"], "{method} {path}");
    }
    assert_eq!(
        shelf.sql("select count(*) from items").await,
        json!([{ "count": 4 }])
    );
}

#[tokio::test]
async fn names_and_values_never_become_sql() {
    let shelf = Shelf::open().await;
    let poison = [
        "'; drop table items; --",
        "\"; drop table items; --",
        "1) or (1=1",
        "id\") or (true",
        "$1",
        "\\'; drop table items; --",
        "x' or 'x'='x",
        "/*",
        "name::text from items; drop table items",
    ];
    for text in poison {
        let encoded = percent_encoded(text);
        for path in [
            format!("items?name=eq.{encoded}"),
            format!("items?name=in.(\"{encoded}\")"),
            format!("items?{encoded}=eq.1"),
            format!("items?select={encoded}"),
            format!("items?select=\"{encoded}\""),
            format!("items?select=x:\"{encoded}\""),
            format!("items?select=id::{encoded}"),
            format!("items?select=data->{encoded}"),
            format!("items?select=data->\"{encoded}\""),
            format!("items?order={encoded}"),
            format!("items?or=({encoded})"),
            format!("items?name=fts({encoded}).a"),
            format!("items?limit={encoded}"),
            encoded.clone(),
        ] {
            let answer = shelf.get(&path).await;
            assert!(
                answer.status.is_client_error()
                    || answer.json() == json!([])
                    || shows_only_what_it_may(&answer),
                "{path}: {}",
                answer.text
            );
        }
        let quoted = text.replace('\\', "\\\\").replace('"', "\\\"");
        let alias = percent_encoded(&quoted);
        let aliased = shelf
            .get(&format!("items?select=\"{alias}\":id&id=eq.1"))
            .await
            .expect(200);
        assert_eq!(aliased.json(), json!([{ text: 1 }]));
        let stored = shelf
            .request(Method::POST, "items?select=name")
            .header("prefer", "return=representation");
        let stored = Answer::of(stored.json(&json!({ "name": text })))
            .await
            .expect(201);
        assert_eq!(stored.json(), json!([{ "name": text }]));
        shelf
            .send(Method::DELETE, "items?id=gt.4", "", "")
            .await
            .expect(204);
    }
    assert_eq!(
        shelf.sql("select count(*) from items where id <= 4").await,
        json!([{ "count": 4 }])
    );
}

fn percent_encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// A path into JSON by a key that is not there is null, which is no leak.
fn shows_only_what_it_may(answer: &Answer) -> bool {
    let rows = answer.json();
    let values = rows
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
        .flat_map(serde_json::Map::values);
    values.into_iter().all(Value::is_null)
}

#[tokio::test]
async fn a_context_or_position_that_is_none_is_refused() {
    let shelf = Shelf::open().await;
    for (header, value, code) in [
        ("baggage", "user_id", "INVALID_CONTEXT"),
        ("crossfade-position", "now", "INVALID_POSITION"),
        ("accept", "text/csv", "PGRST107"),
        ("prefer", "handling=strict, unheard-of", "PGRST122"),
    ] {
        let answer = Answer::of(shelf.request(Method::GET, "items").header(header, value)).await;
        assert_eq!(answer.json()["code"], code, "{header}: {value}");
        assert!(answer.status.is_client_error());
    }
    let form = shelf
        .request(Method::POST, "pairs")
        .header("content-type", "text/csv")
        .body("a,b\n1,2");
    assert_eq!(
        Answer::of(form).await.expect(400).json()["message"],
        "Content-Type not acceptable: text/csv"
    );
}
