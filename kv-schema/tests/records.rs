//! The ways in which records change, with many at once and with a death at every write.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has to stop")]

use domain::{Authenticated, Digest, Email, Method, Secs, days, hours, mins};
use kv_schema::{
    Change, account,
    account::{Created, Enrolled},
    budget, ceremony, handoff, link, passkeys, sessions, sweep, tenant,
};
use ports::Ports;
use testkit::{World, block_on, join_all};

fn ada() -> Email {
    "ada@acme.example".parse().unwrap()
}

async fn root(ports: &Ports<'_>) -> tenant::Tenant {
    tenant::find(ports, None).await.unwrap().unwrap()
}

async fn enrol(ports: &Ports<'_>) -> account::Account {
    match account::enrol(ports, &root(ports).await, false, &ada()).await.unwrap() {
        Enrolled::In(account, _) => *account,
        other => panic!("{other:?}"),
    }
}

#[test]
fn parallel_updates_lose_nothing_even_if_the_store_never_admits_success() {
    for never_admits in [false, true] {
        let world = World::default();
        world.store.never_admits.set(never_admits);
        block_on(async {
            let ports = world.ports();
            let account = enrol(&ports).await;
            let each = (0..64).map(|_| {
                passkeys::update(&ports, account.id, |passkeys| {
                    passkeys.failed.push(ports.now);
                    Change::Write(())
                })
            });
            for done in join_all(each).await {
                assert_eq!(done.unwrap(), Some(()));
            }
            assert_eq!(passkeys::read(&ports, account.id).await.unwrap().unwrap().failed.len(), 64);
        });
    }
}

#[test]
fn sixty_four_first_sign_ins_make_one_account() {
    let world = World::default();
    block_on(async {
        let ports = world.ports();
        let all = join_all((0..64).map(|_| enrol(&ports))).await;
        assert!(all.iter().all(|account| account.id == all[0].id && account.handle == all[0].handle));
        let (members, next) = account::members(&ports, domain::TenantId::ROOT, 0, 200).await.unwrap();
        assert_eq!((members.len(), next), (1, None));
    });
    // What the losers made is gone: one account with its sessions and passkeys.
    let count = |name: &str| world.store.keys().iter().filter(|key| key.contains(name)).count();
    assert_eq!(
        (count(":account:"), count(":sessions:"), count(":passkeys:"), count(":member:")),
        (1, 1, 1, 1)
    );
}

#[test]
fn a_death_at_any_write_leaves_no_half_made_account() {
    for writes in 0..12 {
        let world = World::default();
        block_on(async {
            let ports = world.ports();
            let top = root(&ports).await;
            world.store.dies_after.set(Some(writes));
            let first = account::create(&ports, &top, &ada(), None, vec![]).await;
            world.store.dies_after.set(None);
            let seen = account::by_email(&ports, &root(&ports).await, &ada()).await.unwrap();
            if let Ok(Created::New(account)) = &first {
                assert_eq!(seen.as_ref(), Some(&**account));
            }
            let account = enrol(&ports).await;
            assert!(seen.is_none_or(|seen| seen == account), "after {writes} writes");
            assert!(sessions::read(&ports, account.id).await.unwrap().is_some());
            assert!(passkeys::read(&ports, account.id).await.unwrap().is_some());
            let (members, _) = account::members(&ports, domain::TenantId::ROOT, 0, 200).await.unwrap();
            assert_eq!(members, [account], "after {writes} writes");
        });
    }
}

#[test]
fn a_deletion_cut_short_frees_the_address_in_the_end() {
    for writes in 0..10 {
        let world = World::default();
        block_on(async {
            let ports = world.ports();
            let account = enrol(&ports).await;
            world.store.dies_after.set(Some(writes));
            let deleted = account::delete(&ports, &account).await;
            world.store.dies_after.set(None);
            let seen = account::read(&ports, account.id).await.unwrap();
            assert!(writes == 0 || seen.is_none(), "deleted from the first write on");
            assert!(deleted.is_ok() || writes < 9);
            let again = enrol(&ports).await;
            assert_eq!(again.id == account.id, seen.is_some(), "after {writes} writes");
        });
    }
}

#[test]
fn sign_up_closed_makes_nothing() {
    let world = World::default();
    block_on(async {
        let ports = world.ports();
        let mut root = root(&ports).await;
        let own = [("sign_up".to_owned(), kv_schema::policy::Own { value: false.into(), locked: false })];
        root.policy = root.policy.below(root.id, &own.into());
        assert!(matches!(
            account::enrol(&ports, &root, false, &ada()).await.unwrap(),
            Enrolled::SignUpClosed
        ));
    });
    assert!(world.store.is_empty(), "{:?}", world.store.keys());
}

#[test]
fn a_credential_id_is_one_accounts_and_a_claim_cut_short_does_not_burn_it() {
    let world = World::default();
    block_on(async {
        let ports = world.ports();
        let ada = enrol(&ports).await.id;
        let bob: Email = "bob@acme.example".parse().unwrap();
        let Created::New(bob) =
            account::create(&ports, &root(&ports).await, &bob, None, vec![]).await.unwrap()
        else {
            panic!()
        };
        let all =
            join_all((0..64).map(|n| passkeys::claim(&ports, if n == 7 { ada } else { bob.id }, "id"))).await;
        let won: Vec<_> =
            all.into_iter().enumerate().filter(|(_, claim)| claim.as_ref().unwrap().is_some()).collect();
        let by_ada = won.iter().any(|(n, _)| *n == 7);
        assert_eq!(won.len(), if by_ada { 1 } else { 63 }, "one account's");
        let (owner, other) = if by_ada { (ada, bob.id) } else { (bob.id, ada) };
        // Nothing was added: as if the process had died here. The owner may go on, later too; nobody else may.
        world.advance(hours(1));
        let ports = world.ports();
        assert_eq!(passkeys::claim(&ports, other, "id").await.unwrap(), None);
        let number = passkeys::claim(&ports, owner, "id").await.unwrap().unwrap();
        let passkey = passkeys::Passkey {
            id: "id".into(),
            name: "A".into(),
            created: ports.now,
            used: None,
            number,
            credential: 7.into(),
        };
        passkeys::release(&ports, &passkey).await.unwrap();
        assert!(passkeys::claim(&ports, other, "id").await.unwrap().is_some(), "free again");
    });
}

#[test]
fn a_handoff_is_good_once_at_each_door_and_in_its_browser_alone() {
    let world = World::default();
    block_on(async {
        let ports = world.ports();
        let account = enrol(&ports).await;
        let who =
            Authenticated::dangerous_claim(domain::TenantId::ROOT, account.id, Method::MagicLink, ports.now);
        let (ours, other) = (Digest::of(&[b"ours"]), Digest::of(&[b"other"]));
        let plain = handoff::mint(&ports, who.clone(), ours, 0, None).await.unwrap();
        let text = plain.reveal();
        assert!(handoff::take(&ports, text, &[other]).await.unwrap().is_err());
        assert!(handoff::take(&ports, &text[..text.len() - 1], &[ours]).await.unwrap().is_err());
        assert!(handoff::open_cleared(&ports, text, &[ours]).await.unwrap().is_err(), "not judged");
        assert!(
            handoff::open_cleared(&ports, &text.replace("lkh_", "lkd_"), &[ours]).await.unwrap().is_err(),
            "relabelled"
        );
        let at_hand = [ours];
        let taken = join_all((0..64).map(|_| handoff::take(&ports, text, &at_hand))).await;
        let winners: Vec<_> = taken.into_iter().filter_map(|each| each.unwrap().ok()).collect();
        assert_eq!(winners.len(), 1);
        // Those who came too late at the first door have not shut the second: a form may be sent twice by a double click.
        let cleared = winners[0].clone().dangerous_clear(who.clone(), ours, ports.now).seal(&ports).unwrap();
        let begun =
            join_all((0..64).map(|_| handoff::open_cleared(&ports, cleared.reveal(), &at_hand))).await;
        assert_eq!(begun.into_iter().filter(|each| each.as_ref().unwrap().is_ok()).count(), 1);
        world.advance(mins(2));
        assert!(handoff::take(&world.ports(), text, &[ours]).await.unwrap().is_err());
    });
}

#[test]
fn a_ceremony_is_taken_once_and_expires() {
    let world = World::default();
    block_on(async {
        let ports = world.ports();
        let account = enrol(&ports).await;
        let asked = ceremony::Ceremony {
            purpose: ceremony::Purpose::Register { account: account.id },
            state: 7.into(),
        };
        let cookie = ceremony::begin(&ports, &asked).await.unwrap();
        let taken = join_all((0..64).map(|_| ceremony::take(&ports, cookie.reveal()))).await;
        assert_eq!(taken.into_iter().filter(|each| each.as_ref().unwrap().is_some()).count(), 1);
        let late = ceremony::begin(&ports, &asked).await.unwrap();
        world.advance(mins(5));
        assert!(ceremony::take(&world.ports(), late.reveal()).await.unwrap().is_none());
    });
}

#[test]
fn a_session_ends_by_idleness_by_age_by_sign_out_and_with_its_account() {
    let world = World::default();
    block_on(async {
        let account = enrol(&world.ports()).await;
        let begin = async |lives| {
            let ports = world.ports();
            let who = Authenticated::dangerous_claim(
                domain::TenantId::ROOT,
                account.id,
                Method::Passkey,
                ports.now,
            );
            sessions::begin(&ports, &who, lives, "Testkit", None).await.unwrap().unwrap()
        };
        let alive = async |cookie: &str| sessions::check(&world.ports(), cookie).await.unwrap().is_some();
        let (_, idle) = begin((days(30), mins(10))).await;
        let (_, aged) = begin((mins(15), days(1))).await;
        world.advance(mins(9));
        assert!(alive(idle.reveal()).await, "used, so it lives on");
        world.advance(mins(9));
        assert!(alive(idle.reveal()).await && !alive(aged.reveal()).await);
        world.advance(mins(10));
        assert!(!alive(idle.reveal()).await);

        let (first, cookie) = begin((days(1), days(1))).await;
        let (_, other) = begin((days(1), days(1))).await;
        assert!(sessions::end(&world.ports(), account.id, first.id).await.unwrap());
        assert!(!sessions::end(&world.ports(), account.id, first.id).await.unwrap());
        assert!(!alive(cookie.reveal()).await && alive(other.reveal()).await);
        sessions::end_all(&world.ports(), account.id).await.unwrap();
        assert!(!alive(other.reveal()).await);

        let (_, cookie) = begin((days(1), days(1))).await;
        account::update(&world.ports(), account.id, |account| {
            account.state = account::State::Disabled;
            Change::Write(())
        })
        .await
        .unwrap();
        assert!(!alive(cookie.reveal()).await);
    });
}

#[test]
fn signing_out_everywhere_beats_sessions_in_use() {
    let world = World::default();
    block_on(async {
        let account = enrol(&world.ports()).await;
        let who =
            Authenticated::dangerous_claim(domain::TenantId::ROOT, account.id, Method::Passkey, world.now());
        let (_, cookie) =
            sessions::begin(&world.ports(), &who, (days(1), days(1)), "", None).await.unwrap().unwrap();
        world.advance(mins(6));
        let ports = world.ports();
        let out = async { sessions::end_all(&ports, account.id).await.map(|()| None) };
        let mut all: Vec<std::pin::Pin<Box<dyn Future<Output = _>>>> = vec![Box::pin(out)];
        for _ in 0..20 {
            all.push(Box::pin(sessions::check(&ports, cookie.reveal())));
        }
        join_all(all).await;
        assert!(sessions::check(&ports, cookie.reveal()).await.unwrap().is_none());
    });
}

#[test]
fn secrets_rest_as_hashes() {
    let world = World::default();
    block_on(async {
        let account = enrol(&world.ports()).await;
        let who =
            Authenticated::dangerous_claim(domain::TenantId::ROOT, account.id, Method::Passkey, world.now());
        let (_, cookie) =
            sessions::begin(&world.ports(), &who, (days(1), days(1)), "", None).await.unwrap().unwrap();
        assert!(!world.store.dump().contains(&cookie.reveal()[10..60]));
        assert!(world.store.keys().iter().all(|key| !key.contains("ada")));
    });
}

#[test]
fn one_link_record_a_day_however_many_ask_first() {
    let world = World::default();
    block_on(async {
        let ports = world.ports();
        let root = domain::TenantId::ROOT;
        let email = ada();
        let places = join_all((0..64).map(|_| link::today(&ports, root, &email))).await;
        let places: Vec<_> = places.into_iter().map(Result::unwrap).collect();
        assert!(places.iter().all(|place| *place == places[0]));
        assert_eq!(link::Place::from_bytes(&places[0].bytes()), Some(places[0]));
        assert!(link::yesterday(&ports, root, &email).await.unwrap().is_none());
        world.advance(days(1));
        assert_eq!(link::yesterday(&world.ports(), root, &email).await.unwrap(), Some(places[0]));
    });
}

#[test]
fn a_budget_runs_out_and_comes_back() {
    let world = World::default();
    let budget = budget::Budget { name: "test", most: 3, window: mins(10) };
    block_on(async {
        let spend = async |whose: &str| {
            budget::spend(&world.ports(), domain::TenantId::ROOT, budget, whose).await.unwrap()
        };
        for _ in 0..3 {
            assert_eq!(spend("a").await, budget::Spent::Within);
        }
        assert_eq!(spend("a").await, budget::Spent::Beyond(600));
        assert_eq!(spend("b").await, budget::Spent::Within);
        world.advance(mins(10));
        assert_eq!(spend("a").await, budget::Spent::Within);
    });
}

#[test]
fn a_shared_budget_costs_hardly_a_write_and_runs_out() {
    let world = World::default();
    let budget = budget::Budget { name: "shared", most: 100, window: mins(10) };
    let root = domain::TenantId::ROOT;
    block_on(async {
        let within = async || {
            let spent = budget::spend_shared(&world.ports(), root, budget).await.unwrap();
            usize::from(spent == budget::Spent::Within)
        };
        world.store.operations();
        let mut spent = 0;
        for _ in 0..160 {
            spent += within().await;
        }
        assert_eq!(spent, 100);
        assert!(world.store.operations().writes <= 160 / 16 + 2);
        world.advance(mins(10));
        assert_eq!(within().await, 1);
        // A hundred at once spend no more than there is.
        world.advance(mins(10));
        let spent = join_all((0..160).map(|_| within())).await;
        assert!(spent.iter().sum::<usize>() <= 100);
    });
}

#[test]
fn the_store_stays_small_under_constant_load() {
    let world = World::default();
    block_on(async {
        let account = enrol(&world.ports()).await;
        let mut sizes = Vec::new();
        for _ in 0..(24 * 7) {
            let ports = world.ports();
            for _ in 0..20 {
                let asked = ceremony::Ceremony {
                    purpose: ceremony::Purpose::Register { account: account.id },
                    state: 7.into(),
                };
                let cookie = ceremony::begin(&ports, &asked).await.unwrap();
                ceremony::take(&ports, cookie.reveal()).await.unwrap();
                link::today(&ports, domain::TenantId::ROOT, &ada()).await.unwrap();
                let budget = budget::Budget { name: "test", most: 3, window: mins(10) };
                budget::spend(&ports, domain::TenantId::ROOT, budget, "a").await.unwrap();
            }
            world.advance(hours(1));
            let ports = world.ports();
            // Cut short again and again, it goes on where it was.
            while !sweep::sweep(&ports, 7).await.unwrap().done {}
            sizes.push(world.store.len());
        }
        let (early, late) = (sizes[24 * 4], sizes[24 * 7 - 1]);
        assert!(late <= early + 5, "{early} keys after four days, {late} after seven");
        world.advance(days(4));
        while !sweep::sweep(&world.ports(), 1_000).await.unwrap().done {}
        assert!(
            world
                .store
                .keys()
                .iter()
                .all(|key| !key.contains(":slot:") && !key.contains(":once:") && !key.contains("link"))
        );
        assert!(
            sessions::read(&world.ports(), account.id).await.unwrap().is_some(),
            "what lives is not swept"
        );
    });
}

#[test]
fn sweeping_spares_what_is_alive() {
    let world = World::default();
    block_on(async {
        let ports = world.ports();
        let asked = ceremony::Ceremony {
            purpose: ceremony::Purpose::Register { account: enrol(&ports).await.id },
            state: 7.into(),
        };
        let cookie = ceremony::begin(&ports, &asked).await.unwrap();
        world.advance(Secs(299));
        sweep::sweep(&world.ports(), 1_000).await.unwrap();
        assert!(ceremony::take(&world.ports(), cookie.reveal()).await.unwrap().is_some());
    });
}

#[test]
fn siblings_do_not_share_a_slug_and_a_path_finds_each() {
    let world = World::default();
    block_on(async {
        let ports = world.ports();
        let top = root(&ports).await;
        let made = join_all((0..16).map(|_| tenant::create(&ports, &top, "acme", "Acme"))).await;
        let new = made.into_iter().filter_map(|made| match made.unwrap() {
            tenant::Made::New(tenant) => Some(tenant),
            _ => None,
        });
        let new: Vec<_> = new.collect();
        assert_eq!(new.len(), 1);
        let tenant::Made::New(unit) = tenant::create(&ports, &new[0], "acme", "Unit").await.unwrap() else {
            panic!()
        };
        let id_of =
            async |named: &str| tenant::find(&ports, Some(named)).await.unwrap().map(|tenant| tenant.id);
        assert_eq!(id_of("acme").await, Some(new[0].id));
        assert_eq!(id_of("acme/acme").await, Some(unit.id));
        assert_eq!(id_of(&unit.id.to_string()).await, Some(unit.id));
        assert_eq!((id_of("nobody").await, id_of("acme/").await, id_of("../x").await), (None, None, None));
        assert_eq!(id_of("root").await, Some(domain::TenantId::ROOT));
        let (below, next) = tenant::children(&ports, top.id, 0, 10).await.unwrap();
        assert_eq!((below.len(), next), (1, None));
        tenant::delete(&ports, &unit).await.unwrap();
        assert_eq!(id_of("acme/acme").await, None);
        assert!(matches!(
            tenant::create(&ports, &new[0], "acme", "Unit").await.unwrap(),
            tenant::Made::New(_)
        ));
    });
}
