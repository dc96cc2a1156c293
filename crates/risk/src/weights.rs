//! The weights, in thousandths, as `risk-scorer fit` printed them; not edited by hand.
//!
//! `risk-scorer fit --tiers AKBCD,AKB,AK,A --steps 200 s1 s2 s3 s4 s5 s6`

use crate::model::HYPOTHESES;

/// Their version.
pub(crate) const MODEL: &str = "2026-11-1";
/// The log-odds at which the usual medium begins: one owner in forty exceeds them.
pub(crate) const MEDIUM: i32 = -971;
/// A point of the score, in thousandths of log-odds: two owners in ten thousand exceed the usual high.
pub(crate) const POINT: i32 = 201;
/// Natural log-odds of each hypothesis before anything is known.
pub(crate) const BIAS: [i32; HYPOTHESES] = [-5836, -6173, -3214, -2927, -3188, -5421, -6097];

/// One row for each feature, in their order.
#[rustfmt::skip]
pub(crate) const WEIGHTS: [[i16; HYPOTHESES]; 69] = [
    [334, 0, 0, 0, 0, 41, 174], // new_country
    [355, 0, 0, 0, 0, 332, 347], // new_country_unlike
    [236, 0, 0, 0, 0, 330, 249], // country_unusual
    [0, 0, 1010, 341, 838, 212, 0], // new_provider
    [0, 96, 0, 0, 62, 231, 0], // new_provider_unlike
    [372, 960, 0, 0, 0, 752, 203], // provider_unusual
    [0, 0, 703, 788, 453, 0, 0], // new_network
    [246, 839, 540, 594, 761, 1236, 0], // new_network_unlike
    [-1400, -958, -1451, -1485, -1301, -1085, -1370], // known_network
    [-1480, -143, -121, -3, 0, -1405, -1257], // shared_network
    [120, 0, 0, 0, 0, 108, 0], // new_place
    [0, 0, 218, 231, 0, 0, 0], // new_place_unlike
    [123, 0, 0, 0, 0, 90, 0], // far
    [768, 0, 0, 0, 0, 314, 106], // farther
    [1039, 0, 0, 0, 0, 60, 445], // farthest
    [1126, 1507, 0, 0, 0, 2403, 18], // hosting
    [0, 2883, 0, 0, 0, 0, 0], // vpn
    [3118, 0, 0, 0, 0, 0, 0], // tor
    [1304, 0, 3309, 3327, 3307, 0, 1054], // proxy
    [559, 650, 5, 0, 0, 662, 628], // hidden_unlike
    [365, 0, 0, 0, 0, 436, 553], // fast_travel
    [242, 0, 0, 0, 0, 696, 14], // impossible_travel
    [828, 980, 767, 1271, 972, 0, 0], // slow_unlike
    [1311, 850, 1504, 818, 881, 0, 2], // slow_much_unlike
    [1019, 993, 856, 1840, 1728, 0, 0], // slow
    [664, 712, 1617, 1321, 1449, 0, 0], // slow_much
    [-1941, -1797, -3229, -2865, -2907, -1526, -1188], // distance_fits
    [141, 130, 842, 1217, 0, 252, 0], // new_device
    [388, 445, 569, 602, 0, 624, 358], // new_device_unlike
    [-1806, -1604, -2182, -2377, -164, -2023, -1639], // known_device
    [-1524, -1305, -1593, -1677, -254, -1615, -1392], // usual_device
    [0, 0, 0, 0, 903, 0, 0], // device_long_unused
    [0, 0, 0, 0, 3000, 0, 0], // device_changed
    [0, 0, 0, 0, 3014, 0, 0], // device_older
    [0, 0, 0, 0, 1000, 0, 0], // device_screen
    [0, 0, 0, 0, 567, 0, 0], // device_elsewhere
    [0, 0, 0, 0, 0, 0, 0], // device_far
    [-1260, -945, -926, -915, -2642, -1191, -987], // key_proved
    [0, 0, 0, 0, 2699, 0, 0], // key_missing
    [0, 0, 0, 0, 2711, 0, 0], // key_failed
    [845, 704, 0, 0, 0, 0, 269], // new_browser
    [718, 630, 0, 0, 0, 0, 635], // new_browser_unlike
    [542, 349, 0, 0, 0, 0, 386], // browser_unusual
    [0, 0, 0, 0, 0, 0, 61], // new_kind
    [2077, 0, 0, 0, 0, 0, 0], // script
    [3986, 3035, 3757, 0, 2890, 0, 1349], // older_browser
    [2259, 3029, 2189, 0, 0, 0, 0], // much_older_browser
    [860, 1076, 910, 0, 0, 0, 406], // newer_browser
    [1121, 1044, 507, 951, 2697, 919, 0], // outdated_browser
    [2444, 2152, 2040, 0, 0, 0, 1622], // new_screen
    [0, 165, 654, 0, 0, 0, 481], // screen_unusual
    [2688, 2722, 3071, 0, 0, 0, 2027], // new_model
    [0, 7, 381, 928, 0, 559, 20], // new_greeting
    [0, 0, 0, 127, 0, 914, 52], // greeting_unusual
    [0, 133, 0, 0, 0, 1056, 0], // greeting_unknown
    [1642, 1015, 0, 0, 0, 0, 1320], // new_language
    [985, 1011, 0, 0, 0, 0, 1177], // language_unusual
    [1399, 917, 332, 0, 0, 0, 0], // new_zone
    [633, 677, 473, 0, 0, 0, 0], // zone_unusual
    [897, 911, 620, 708, 732, 587, 892], // unusual_hour
    [2688, 1501, 0, 0, 0, 0, 0], // recent_failures
    [0, 324, 0, 0, 0, 0, 0], // failures_today
    [0, 219, 0, 0, 0, 0, 342], // network_failures
    [0, 0, 0, 0, 0, 0, 1399], // network_failures_today
    [0, 313, 0, 0, 0, 0, 946], // provider_failures
    [0, 0, 0, 0, 0, 0, 2053], // tenant_failures
    [500, 500, 500, 500, 500, 500, 500], // recent_change
    [500, 500, 500, 500, 500, 500, 500], // account_change
    [1000, 1000, 1000, 1000, 1000, 1000, 1000], // account_recovery
];
