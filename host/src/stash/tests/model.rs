//! Random operations, compared with those of plain lists.

use proptest::prelude::*;

use super::*;

/// A key, its value, and when it is forgotten.
type Row = (String, String, Option<Instant>);

/// Tables as lists, in the order in which they and their rows were made.
#[derive(Debug, Default)]
struct Model(Vec<(String, Vec<Row>)>);

impl Model {
    fn forget(&mut self, now: Instant) {
        for (_, rows) in &mut self.0 {
            rows.retain(|(_, _, expires)| expires.is_none_or(|expires| now < expires));
        }
    }

    fn table(&mut self, table: &str) -> Option<&mut Vec<Row>> {
        let found = self.0.iter_mut().find(|(name, _)| name == table);
        found.map(|(_, rows)| rows)
    }

    fn row(&mut self, table: &str, key: &str) -> Option<&mut Row> {
        self.table(table)?.iter_mut().find(|(name, ..)| name == key)
    }

    fn put(&mut self, table: &str, key: &str, value: &str, expires: Option<Instant>) {
        if self.table(table).is_none() {
            self.0.push((table.to_owned(), Vec::new()));
        }
        match self.row(table, key) {
            Some(row) => (row.1, row.2) = (value.to_owned(), expires),
            None => {
                let row = (key.to_owned(), value.to_owned(), expires);
                self.table(table).unwrap().push(row);
            }
        }
    }

    fn delete(&mut self, table: &str, key: &str) -> bool {
        let found = self.row(table, key).is_some();
        if let Some(rows) = self.table(table) {
            rows.retain(|(name, ..)| name != key);
        }
        found
    }
}

#[derive(Debug, Clone)]
enum Step {
    Put(u8, u8, u8, Option<u8>),
    Delete(u8, u8),
    Clear(u8),
    Ensure(u8),
    DeleteTable(u8),
    Increment(u8, u8, i8),
    Swap(u8, u8, Option<u8>, u8),
    Wait(u8),
    Sweep,
}

fn step() -> impl Strategy<Value = Step> {
    let (table, key, value) = (0..3u8, 0..4u8, 0..5u8);
    let ttl = proptest::option::of(0..6u8);
    let expected = proptest::option::of(0..5u8);
    let place = (table.clone(), key);
    prop_oneof![
        4 => (place.clone(), value.clone(), ttl).prop_map(|((t, k), v, ttl)| Step::Put(t, k, v, ttl)),
        2 => place.clone().prop_map(|(t, k)| Step::Delete(t, k)),
        1 => table.clone().prop_map(Step::Clear),
        1 => table.clone().prop_map(Step::Ensure),
        1 => table.prop_map(Step::DeleteTable),
        2 => (place.clone(), any::<i8>()).prop_map(|((t, k), delta)| Step::Increment(t, k, delta)),
        2 => (place, expected, value).prop_map(|((t, k), e, v)| Step::Swap(t, k, e, v)),
        2 => (0..4u8).prop_map(Step::Wait),
        1 => Just(Step::Sweep),
    ]
}

fn take(step: Step, now: &mut Instant, stash: &mut Stash, model: &mut Model) {
    let name = |number: u8| format!("name {number}");
    match step {
        Step::Put(table, key, value, ttl) => {
            let (table, key, value) = (name(table), name(key), value.to_string());
            let ttl = ttl.map(|ttl| seconds(ttl.into()));
            stash.put(*now, &table, &key, json(&value), ttl).unwrap();
            model.put(&table, &key, &value, ttl.map(|ttl| *now + ttl));
        }
        Step::Delete(table, key) => {
            let (table, key) = (name(table), name(key));
            let deleted = stash.delete(*now, &table, &key);
            assert_eq!(deleted, model.delete(&table, &key));
        }
        Step::Clear(table) => {
            stash.clear(&name(table));
            model.table(&name(table)).map(Vec::clear);
        }
        Step::Ensure(table) => {
            stash.ensure(&name(table)).unwrap();
            if model.table(&name(table)).is_none() {
                model.0.push((name(table), Vec::new()));
            }
        }
        Step::DeleteTable(table) => {
            let deleted = stash.delete_table(&name(table));
            assert_eq!(deleted, model.table(&name(table)).is_some());
            model.0.retain(|(known, _)| *known != name(table));
        }
        Step::Increment(table, key, delta) => {
            let (table, key) = (name(table), name(key));
            let row = model.row(&table, &key);
            let expires = row.as_ref().and_then(|row| row.2);
            let value: i64 = row.map_or(0, |row| row.1.parse().unwrap());
            let sum = value + i64::from(delta);
            let increment = stash.increment(*now, &table, &key, delta.into());
            assert_eq!(increment, Ok(sum));
            model.put(&table, &key, &sum.to_string(), expires);
        }
        Step::Swap(table, key, expected, value) => {
            let (table, key, value) = (name(table), name(key), value.to_string());
            let expected = expected.map(|expected| expected.to_string());
            let present = model.row(&table, &key).map(|row| row.1.clone());
            let value_expected = expected.as_deref().map(json);
            let value_expected = value_expected.as_ref();
            let swap =
                stash.compare_and_swap(*now, &table, &key, value_expected, json(&value), None);
            assert_eq!(swap, Ok(present == expected));
            if present == expected {
                model.put(&table, &key, &value, None);
            }
        }
        Step::Wait(time) => *now += seconds(time.into()),
        Step::Sweep => stash.sweep(*now),
    }
}

fn compare(now: Instant, stash: &Stash, model: &Model) {
    let tables: Vec<_> = model.0.iter().map(|(name, _)| &**name).collect();
    assert_eq!(stash.tables(), tables);
    for (table, rows) in &model.0 {
        let keys: Vec<_> = rows.iter().map(|(key, ..)| &**key).collect();
        assert_eq!(stash.keys(now, table, None).unwrap(), keys);
        assert_eq!(stash.size(now, table), Ok(rows.len()));
        for (key, value, _) in rows {
            assert_eq!(stash.get(now, table, key), Ok(&json(value)));
        }
    }
    assert_eq!(stash.bytes(), counted(stash));
    if model.0.is_empty() {
        assert_eq!(stash.bytes(), 0);
    }
    let rows = model.0.iter().flat_map(|(_, rows)| rows);
    let next_due = rows.filter_map(|(_, _, expires)| *expires).min();
    // What has ended and is not swept yet is due, too.
    let stash_due = stash.next_due().filter(|due| now < *due);
    if stash.next_due() == stash_due {
        assert_eq!(stash_due, next_due);
    }
}

proptest! {
    #[test]
    fn it_does_what_lists_would(steps in proptest::collection::vec(step(), 0..60)) {
        let mut now = Instant::now();
        let mut stash = Stash::new(roomy());
        let mut model = Model::default();
        for step in steps {
            take(step, &mut now, &mut stash, &mut model);
            model.forget(now);
            compare(now, &stash, &model);
        }
        stash.sweep(now);
        prop_assert!(stash.next_due().is_none_or(|due| now < due));
    }
}
