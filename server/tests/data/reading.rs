use reqwest::Method;
use serde_json::json;

use super::shelf::{Answer, Shelf};

#[tokio::test]
async fn every_read_answers_what_sql_answers() {
    let shelf = Shelf::open().await;
    let all = "id,name,code,price,big,active,born,mood,tags,span,data,note,search";
    for (url, sql) in [
        ("items", format!("select {all} from items")),
        ("items?select=", format!("select {all} from items")),
        ("items?select=*&id=eq.1", format!("select {all} from items where id = 1")),
        ("items?select=id,label:name,text:price::text", "select id, name as label, price::text as text from items".into()),
        ("items?select=id,data->geo->>lat,first:data->list->0", "select id, data->'geo'->>'lat' as lat, data->'list'->0 as first from items".into()),
        ("items?select=id&id=neq.1&order=id.desc", "select id from items where id <> 1 order by id desc".into()),
        ("items?select=id&price=gte.2&price=lt.10", "select id from items where price >= 2 and price < 10".into()),
        ("items?select=id&price=lte.2.00&id=gt.1", "select id from items where price <= 2 and id > 1".into()),
        ("items?select=id&price=eq.1.499", "select id from items where price = 1.499".into()),
        ("items?select=id&code=eq.abcd", "select id from items where code = 'abcd'".into()),
        ("items?select=id&big=eq.9007199254740993", "select id from items where big = 9007199254740993".into()),
        ("items?select=id&name=like.*cat*", "select id from items where name like '%cat%'".into()),
        ("items?select=id&name=ilike.fat%25", "select id from items where name ilike 'fat%'".into()),
        ("items?select=id&name=match.^[a-z]", "select id from items where name ~ '^[a-z]'".into()),
        ("items?select=id&name=imatch.^FAT", "select id from items where name ~* '^FAT'".into()),
        ("items?select=id&name=like(any).{Fat*,dog*}", "select id from items where name like any ('{Fat%,dog%}')".into()),
        ("items?select=id&id=gt(all).{1,2}", "select id from items where id > all ('{1,2}')".into()),
        ("items?select=id&id=in.(1,3,99)", "select id from items where id in (1, 3, 99)".into()),
        ("items?select=id&id=in.()", "select id from items where false".into()),
        (r#"items?select=id&name=in.("thin, cat","dog (big)","\"quoted\" 100%25")"#, "select id from items where id in (2, 3, 4)".into()),
        ("items?select=id&code=is.null", "select id from items where code is null".into()),
        ("items?select=id&code=not.is.null", "select id from items where code is not null".into()),
        ("items?select=id&active=is.true", "select id from items where active is true".into()),
        ("items?select=id&active=is.unknown", "select id from items where active is unknown".into()),
        ("items?select=id&code=isdistinct.abc", "select id from items where code is distinct from 'abc'".into()),
        ("items?select=id&id=not.in.(1,2)", "select id from items where id not in (1, 2)".into()),
        ("items?select=id&mood=gt.sad", "select id from items where mood > 'sad'".into()),
        ("items?select=id&born=lt.2020-12-31", "select id from items where born < '2020-12-31'".into()),
        ("items?select=id&tags=cs.{b}", "select id from items where tags @> '{b}'".into()),
        ("items?select=id&tags=cd.{a,b,d}", "select id from items where tags <@ '{a,b,d}'".into()),
        ("items?select=id&tags=ov.{c,d}", "select id from items where tags && '{c,d}'".into()),
        ("items?select=id&span=cs.[2,3]", "select id from items where span @> '[2,3]'".into()),
        ("items?select=id&span=sl.[5,7]", "select id from items where span << '[5,7]'".into()),
        ("items?select=id&span=sr.[0,2]", "select id from items where span >> '[0,2]'".into()),
        ("items?select=id&span=nxl.[4,7]", "select id from items where span &> '[4,7]'".into()),
        ("items?select=id&span=nxr.[4,7]", "select id from items where span &< '[4,7]'".into()),
        ("items?select=id&span=adj.[9,12]", "select id from items where span -|- '[9,12]'".into()),
        (r#"items?select=id&data=cs.{"list":[3]}"#, r#"select id from items where data @> '{"list":[3]}'"#.into()),
        ("items?select=id&data->geo->>lat=eq.2", "select id from items where data->'geo'->>'lat' = '2'".into()),
        ("items?select=id&data->geo->lat=gt.1", "select id from items where data->'geo'->'lat' > '1'".into()),
        ("items?select=id&search=fts(english).cat", "select id from items where search @@ to_tsquery('english', 'cat')".into()),
        ("items?select=id&name=plfts(english).fat cats", "select id from items where to_tsvector('english', name) @@ plainto_tsquery('english', 'fat cats')".into()),
        ("items?select=id&search=wfts.cat -fat", "select id from items where search @@ websearch_to_tsquery('cat -fat')".into()),
        ("items?select=id&search=not.phfts(english).fat cat", "select id from items where not search @@ phraseto_tsquery('english', 'fat cat')".into()),
        ("items?select=id&or=(id.eq.1,and(price.gt.1,not.or(active.is.true,id.eq.3)))", "select id from items where id = 1 or (price > 1 and not (active is true or id = 3))".into()),
        ("items?select=id&not.and=(id.gt.1,id.lt.4)", "select id from items where not (id > 1 and id < 4)".into()),
        ("items?select=id&order=price.desc.nullslast,id", "select id from items order by price desc nulls last, id".into()),
        ("items?select=id&order=price.nullsfirst", "select id from items order by price nulls first, id".into()),
        ("items?select=id&order=data->geo->>lat.desc,id.desc", "select id from items order by data->'geo'->>'lat' desc, id desc".into()),
        ("items?select=id&order=id&limit=2&offset=1", "select id from items order by id limit 2 offset 1".into()),
        ("items?select=id&limit=0", "select id from items where false".into()),
        ("Odd%20Names", r#"select * from "Odd Names""#.into()),
        (r#"Odd%20Names?select="the id","a.b","c\"d"&"a.b"=eq.dot&the id=eq.1"#, r#"select * from "Odd Names""#.into()),
    ] {
        let answer = shelf.get(url).await;
        assert_eq!(answer.status, 200, "{url}: {}", answer.text);
        assert_eq!(answer.json(), shelf.sql(&sql).await, "{url}");
    }
}

#[tokio::test]
async fn numbers_keep_every_digit() {
    let shelf = Shelf::open().await;
    let answer = shelf.get("items?select=big,price&id=eq.1").await;
    assert_eq!(answer.text, r#"[{"big":9007199254740993,"price":1.50}]"#);
}

#[tokio::test]
async fn pages_say_where_they_are() {
    let shelf = Shelf::open().await;
    let counted = |path: &'static str| shelf.request(Method::GET, path).header("prefer", "count=exact");
    let answer = Answer::of(counted("items?select=id&order=id&limit=3"))
        .await
        .expect(206);
    assert_eq!(answer.header("content-range"), Some("0-2/4"));
    assert_eq!(answer.header("preference-applied"), Some("count=exact"));
    let answer = Answer::of(counted("items?select=id&order=id").header("range", "2-3"))
        .await
        .expect(206);
    assert_eq!(
        (answer.header("content-range"), answer.json()),
        (Some("2-3/4"), json!([{ "id": 3 }, { "id": 4 }]))
    );
    let answer = Answer::of(counted("items?id=eq.99")).await.expect(200);
    assert_eq!(
        (answer.header("content-range"), answer.text.as_str()),
        (Some("*/0"), "[]")
    );
    let answer = Answer::of(counted("items?offset=9")).await.expect(416);
    assert_eq!(answer.json()["code"], "PGRST103");
    assert_eq!(
        answer.json()["details"],
        "An offset of 9 was requested, but there are only 4 rows."
    );
    let answer = shelf.get("items?limit=1").await.expect(200);
    assert_eq!(answer.header("content-range"), Some("0-0/*"));
}

#[tokio::test]
async fn head_answers_the_headers_alone() {
    let shelf = Shelf::open().await;
    let request = |method| {
        shelf
            .request(method, "items?select=id&limit=3")
            .header("prefer", "count=exact")
    };
    let (head, get) = (
        Answer::of(request(Method::HEAD)).await,
        Answer::of(request(Method::GET)).await,
    );
    assert_eq!((head.status, head.text.as_str()), (get.status, ""));
    for name in [
        "content-range",
        "content-type",
        "crossfade-side",
        "content-length",
    ] {
        assert_eq!(head.header(name), get.header(name), "{name}");
    }
}

#[tokio::test]
async fn one_object_is_one_object_or_an_error() {
    let shelf = Shelf::open().await;
    let single = |path| {
        shelf
            .request(Method::GET, path)
            .header("accept", "application/vnd.pgrst.object+json")
    };
    let answer = Answer::of(single("items?select=id&id=eq.1")).await.expect(200);
    assert_eq!(answer.text, r#"{"id":1}"#);
    assert_eq!(
        answer.header("content-type"),
        Some("application/vnd.pgrst.object+json; charset=utf-8")
    );
    for (path, rows) in [("items?id=eq.99", 0), ("items?id=lt.3", 2)] {
        let answer = Answer::of(single(path)).await.expect(406);
        let expected = json!({
            "code": "PGRST116",
            "message": "Cannot coerce the result to a single JSON object",
            "details": format!("The result contains {rows} rows"),
            "hint": null,
        });
        assert_eq!(answer.json(), expected);
    }
}

#[tokio::test]
async fn schemas_are_chosen_by_profile() {
    let shelf = Shelf::open().await;
    let profile = |name: &'static str| {
        shelf
            .request(Method::GET, "things")
            .header("accept-profile", name)
    };
    let answer = Answer::of(profile("other")).await.expect(200);
    assert_eq!(
        (answer.json(), answer.header("content-profile")),
        (json!([{ "id": 1, "what": "thing" }]), Some("other"))
    );
    shelf.get("things").await.expect(404);
    for hidden in ["crossfade", "pg_catalog", "information_schema"] {
        let answer = Answer::of(profile(hidden)).await.expect(406);
        assert_eq!(answer.json()["code"], "PGRST106");
        assert_eq!(
            answer.json()["hint"],
            "Only the following schemas are exposed: public, other"
        );
    }
}

#[tokio::test]
async fn an_answer_holds_no_more_rows_than_allowed() {
    let shelf = Shelf::open().await;
    shelf
        .database
        .batch_execute("insert into pairs select n, n from generate_series(1, 200) n")
        .await
        .expect("rows");
    let answer = Answer::of(
        shelf
            .request(Method::GET, "pairs?limit=150")
            .header("prefer", "count=exact"),
    )
    .await;
    assert_eq!(answer.header("content-range"), Some("0-99/200"));
    assert_eq!(answer.json().as_array().map(Vec::len), Some(100));
}

#[tokio::test]
async fn a_column_that_is_added_is_seen() {
    let shelf = Shelf::open().await;
    shelf.get("pairs?select=extra").await.expect(400);
    shelf
        .database
        .batch_execute("alter table pairs add extra text")
        .await
        .expect("a column");
    shelf.get("pairs?select=extra").await.expect(200);
}
