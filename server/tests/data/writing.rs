use reqwest::Method;
use serde_json::json;

use super::shelf::{Answer, Shelf};

#[tokio::test]
async fn an_object_is_inserted_and_comes_back() {
    let shelf = Shelf::open().await;
    let body = r#"{"id":10,"name":"new","price":12.345,"big":9007199254740993,"tags":["p","q,r"],"span":"[1,3)","data":{"a":[1,{"b":null}]}}"#;
    let answer = shelf
        .send(Method::POST, "items", "return=representation", body)
        .await
        .expect(201);
    assert_eq!(
        answer.json(),
        shelf.sql("select * from items where id = 10").await
    );
    assert_eq!(answer.json()[0]["note"], "none");
    assert_eq!(answer.json()[0]["tags"], json!(["p", "q,r"]));
    assert!(
        answer.text.contains(r#""price":12.35"#) && answer.text.contains("9007199254740993"),
        "{}",
        answer.text
    );
}

#[tokio::test]
async fn nothing_comes_back_unless_asked_for() {
    let shelf = Shelf::open().await;
    let answer = shelf
        .send(Method::POST, "pairs", "return=minimal", r#"{"a":1,"b":2}"#)
        .await
        .expect(201);
    assert_eq!((answer.text.as_str(), answer.header("content-type")), ("", None));
    let answer = shelf
        .send(Method::PATCH, "pairs?a=eq.1", "", r#"{"total":9}"#)
        .await
        .expect(204);
    assert_eq!(answer.header("content-range"), Some("0-0/*"));
    let answer = shelf
        .send(Method::DELETE, "pairs?a=eq.1", "count=exact", "")
        .await
        .expect(204);
    assert_eq!(answer.header("content-range"), Some("*/1"));
    assert_eq!(shelf.sql("select * from pairs").await, json!([]));
}

#[tokio::test]
async fn arrays_are_inserted_whole() {
    let shelf = Shelf::open().await;
    let answer = shelf
        .send(
            Method::POST,
            "pairs?select=a,total",
            "return=representation",
            r#"[{"a":1,"b":1,"total":1},{"a":2,"b":2,"total":null}]"#,
        )
        .await
        .expect(201);
    assert_eq!(
        answer.json(),
        json!([{ "a": 1, "total": 1 }, { "a": 2, "total": null }])
    );
    let answer = shelf
        .send(Method::POST, "pairs", "return=representation", "[]")
        .await
        .expect(201);
    assert_eq!(answer.text, "[]");
    // One bad row, and none is there.
    shelf
        .send(Method::POST, "pairs", "", r#"[{"a":3,"b":3},{"a":"x","b":4}]"#)
        .await
        .expect(400);
    assert_eq!(
        shelf.sql("select a from pairs order by a").await,
        json!([{ "a": 1 }, { "a": 2 }])
    );
}

#[tokio::test]
async fn missing_keys_are_null_or_the_default() {
    let shelf = Shelf::open().await;
    let rows = r#"[{"a":1,"b":1},{"a":2,"b":2,"total":5,"ignored":true}]"#;
    shelf
        .send(Method::POST, "pairs?columns=a,b,total", "missing=null", rows)
        .await
        .expect(201);
    let rows = r#"[{"a":3,"b":3},{"a":4,"b":4,"total":5}]"#;
    shelf
        .send(Method::POST, "pairs?columns=a,b,total", "missing=default", rows)
        .await
        .expect(201);
    let totals = shelf.sql("select total from pairs order by a").await;
    assert_eq!(
        totals,
        json!([{ "total": null }, { "total": 5 }, { "total": 7 }, { "total": 5 }])
    );
}

#[tokio::test]
async fn duplicates_are_merged_ignored_or_refused() {
    let shelf = Shelf::open().await;
    shelf
        .send(Method::POST, "pairs", "", r#"{"a":1,"b":1,"total":1}"#)
        .await
        .expect(201);
    let again = r#"[{"a":1,"b":1,"total":2},{"a":2,"b":2,"total":2}]"#;
    let answer = shelf
        .send(Method::POST, "pairs", "return=representation", again)
        .await
        .expect(409);
    assert_eq!(answer.json()["code"], "23505");
    let ignore = "return=representation,resolution=ignore-duplicates";
    let answer = shelf
        .send(Method::POST, "pairs?select=a,total", ignore, again)
        .await
        .expect(201);
    assert_eq!(answer.json(), json!([{ "a": 2, "total": 2 }]));
    let merge = "return=representation,resolution=merge-duplicates";
    let answer = shelf
        .send(Method::POST, "pairs?select=a,total", merge, again)
        .await
        .expect(201);
    assert_eq!(
        answer.json(),
        json!([{ "a": 1, "total": 2 }, { "a": 2, "total": 2 }])
    );
    let other = |path: &'static str| {
        shelf
            .request(Method::POST, path)
            .header("content-profile", "other")
            .header("prefer", merge)
    };
    let by_name = other("things?on_conflict=what").json(&json!({ "id": 5, "what": "thing" }));
    assert_eq!(
        Answer::of(by_name).await.expect(201).json(),
        json!([{ "id": 5, "what": "thing" }])
    );
    let no_such = other("things?on_conflict=id,what").json(&json!({ "id": 5, "what": "thing" }));
    assert_eq!(Answer::of(no_such).await.expect(400).json()["code"], "42P10");
}

#[tokio::test]
async fn matching_rows_are_updated_and_come_back_in_order() {
    let shelf = Shelf::open().await;
    let body = r#"{"note":"changed","tags":["n"],"price":null}"#;
    let path = "items?id=in.(1,2)&select=id,note,tags,price&order=id.desc";
    let answer = shelf
        .send(Method::PATCH, path, "return=representation,count=exact", body)
        .await
        .expect(200);
    let expected = shelf
        .sql("select id, note, tags, price from items where note = 'changed' order by id desc")
        .await;
    assert_eq!(answer.json(), expected);
    assert_eq!(answer.json().as_array().map(Vec::len), Some(2));
    assert_eq!(answer.header("content-range"), Some("0-1/2"));
    let answer = shelf
        .send(Method::PATCH, "items?id=eq.99", "return=representation", body)
        .await
        .expect(200);
    assert_eq!(answer.text, "[]");
    let answer = shelf
        .send(Method::PATCH, "items?id=eq.1", "return=representation", "{}")
        .await
        .expect(200);
    assert_eq!(answer.text, "[]");
}

#[tokio::test]
async fn matching_rows_are_deleted() {
    let shelf = Shelf::open().await;
    let answer = shelf
        .send(
            Method::DELETE,
            "items?id=gt.2&select=id&order=id",
            "return=representation",
            "",
        )
        .await
        .expect(200);
    assert_eq!(answer.json(), json!([{ "id": 3 }, { "id": 4 }]));
    assert_eq!(
        shelf.sql("select id from items order by id").await,
        json!([{ "id": 1 }, { "id": 2 }])
    );
}

#[tokio::test]
async fn a_whole_table_changes_only_within_a_bound() {
    let shelf = Shelf::open().await;
    for (method, body) in [(Method::PATCH, r#"{"note":"y"}"#), (Method::DELETE, "")] {
        let answer = shelf.send(method.clone(), "items", "", body).await.expect(400);
        assert_eq!(answer.json()["code"], "21000");
        let answer = shelf
            .send(method.clone(), "items", "handling=strict,max-affected=3", body)
            .await
            .expect(400);
        assert_eq!(
            (&answer.json()["code"], &answer.json()["details"]),
            (&json!("PGRST124"), &json!("The query affects 4 rows"))
        );
        assert_eq!(
            shelf
                .sql("select count(*) from items where note is distinct from 'y'")
                .await,
            json!([{ "count": 4 }])
        );
    }
    shelf
        .send(
            Method::PATCH,
            "items",
            "handling=strict,max-affected=4",
            r#"{"note":"y"}"#,
        )
        .await
        .expect(204);
    shelf
        .send(Method::DELETE, "items", "max-affected=4", "")
        .await
        .expect(204);
    assert_eq!(shelf.sql("select id from items").await, json!([]));
}

#[tokio::test]
async fn a_change_of_more_than_the_one_object_asked_for_is_undone() {
    let shelf = Shelf::open().await;
    let single = |method, path| {
        let request = shelf
            .request(method, path)
            .header("accept", "application/vnd.pgrst.object+json");
        request.header("prefer", "return=representation")
    };
    let both = Answer::of(single(Method::DELETE, "items?id=lt.3"))
        .await
        .expect(406);
    assert_eq!(both.json()["code"], "PGRST116");
    assert_eq!(
        shelf.sql("select count(*) from items").await,
        json!([{ "count": 4 }])
    );
    let one = Answer::of(single(Method::DELETE, "items?id=eq.3&select=id"))
        .await
        .expect(200);
    assert_eq!(one.text, r#"{"id":3}"#);
    let inserted = Answer::of(single(Method::POST, "pairs?select=total").json(&json!({ "a": 1, "b": 1 })))
        .await
        .expect(201);
    assert_eq!(inserted.text, r#"{"total":7}"#);
}
