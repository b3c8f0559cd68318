-- Fills the shop with as many customers as the setting `shop.customers` says, about twenty rows for each. The same
-- number always gives the same rows: nothing here is random.
with places as (
    select array['IN', 'US', 'FR', 'DE', 'BR', 'JP', 'NG', 'GB'] as countries,
           array['Asha', 'Maya', 'Noah', 'Léa', 'Jonas', 'Ana', 'Yuki', 'Chidi', 'Grace', 'Omar', 'Ines', 'Ravi', 'Zoë'] as given,
           array['Rao', 'Miller', 'Martin', 'Schmidt', 'Silva', 'Sato', 'Okafor', 'Clark', 'Haddad', 'Costa', 'Nguyen'] as family
)
insert into customers (id, name, email, country, subscription, preferences, joined_at)
select n,
       given[1 + n % 13] || ' ' || family[1 + n / 13 % 11],
       'customer' || n || '@shop.example',
       countries[1 + n % 8],
       case when n % 10 = 0 then 'enterprise' when n % 3 = 0 then 'pro' else 'free' end,
       jsonb_build_object('newsletter', n % 2 = 0, 'theme', case when n % 5 = 0 then 'dark' else 'light' end),
       timestamptz '2024-01-01 00:00:00+00' + n * interval '97 minutes'
from places, generate_series(1, current_setting('shop.customers')::bigint) as n;

-- The people of the story.
insert into customers (id, name, email, country, subscription)
values (123, 'Maya Miller', 'maya@shop.example', 'US', 'free'),
       (456, 'Ravi Rao', 'ravi@shop.example', 'IN', 'free'),
       (789, 'Asha Rao', 'asha@shop.example', 'IN', 'pro'),
       (900, 'Léa Martin', 'lea@shop.example', 'FR', 'enterprise')
on conflict (id) do update
set name = excluded.name, email = excluded.email, country = excluded.country, subscription = excluded.subscription;

insert into products (sku, name, price, tags, in_stock)
select 'SKU-' || lpad(n::text, 4, '0'),
       (array['Teapot', 'Lamp', 'Notebook', 'Backpack', 'Scarf', 'Kettle', 'Chair', 'Clock'])[1 + n % 8] || ' ' || n,
       4.90 + n % 97 * 1.25,
       case when n % 3 = 0 then array['new', 'gift'] when n % 3 = 1 then array['home'] else '{}' end,
       100000
from generate_series(1, 200) as n;

insert into orders (id, customer_id, status, placed_at, note)
select n,
       case when n % 500 = 0 then (array[123, 456, 789, 900])[1 + n / 500 % 4]
            else 1 + n * 7919 % current_setting('shop.customers')::bigint end,
       (array['placed', 'paid', 'shipped', 'delivered', 'returned'])[1 + n % 5]::order_status,
       timestamptz '2026-01-01 00:00:00+00' + n * interval '13 minutes',
       case when n % 11 = 0 then 'Please ring twice, order ' || n end
from generate_series(1, 6 * current_setting('shop.customers')::bigint) as n;

insert into order_lines (order_id, line, sku, quantity, price)
select orders.id, line, products.sku, 1 + (orders.id + line) % 4, products.price
from orders
cross join generate_series(1, 4) as line
join products on products.sku = 'SKU-' || lpad((1 + (orders.id * 31 + line * 17) % 200)::text, 4, '0')
where line <= 1 + orders.id % 4;

-- The next rows get the next numbers.
select setval(pg_get_serial_sequence('customers', 'id'), (select max(id) from customers)),
       setval(pg_get_serial_sequence('orders', 'id'), (select max(id) from orders));

analyze;
