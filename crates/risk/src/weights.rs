//! The weights, in thousandths, as `risk-scorer fit` printed them; not edited by hand.
//!
//! `risk-scorer fit --tiers AKBCD,AKB,AK,A --steps 200 s1 s2 s3 s4 s5 s6`

use crate::model::HYPOTHESES;

/// Their version.
pub(crate) const MODEL: &str = "2026-11-1";
/// The log-odds at which the usual medium begins: one owner in forty exceeds them.
pub(crate) const MEDIUM: i32 = -954;
/// A point of the score, in thousandths of log-odds: two owners in ten thousand exceed the usual high.
pub(crate) const POINT: i32 = 221;
/// Natural log-odds of each hypothesis before anything is known.
pub(crate) const BIAS: [i32; HYPOTHESES] = [-5846, -6173, -3199, -2931, -3189, -5413, -6108];

/// One row for each feature, in their order.
#[rustfmt::skip]
pub(crate) const WEIGHTS: [[i16; HYPOTHESES]; 69] = [
    [345, 0, 0, 0, 0, 31, 179], // new_country
    [357, 0, 0, 0, 0, 333, 346], // new_country_unlike
    [233, 0, 0, 0, 0, 332, 249], // country_unusual
    [0, 0, 1005, 346, 841, 210, 0], // new_provider
    [0, 98, 0, 0, 62, 231, 0], // new_provider_unlike
    [374, 959, 0, 0, 0, 753, 198], // provider_unusual
    [0, 0, 686, 793, 454, 0, 0], // new_network
    [243, 833, 541, 594, 761, 1234, 0], // new_network_unlike
    [-1394, -950, -1449, -1486, -1301, -1087, -1370], // known_network
    [-1471, -137, -117, -2, 0, -1405, -1258], // shared_network
    [122, 0, 0, 0, 0, 107, 0], // new_place
    [0, 0, 218, 230, 0, 0, 0], // new_place_unlike
    [124, 0, 0, 0, 0, 90, 0], // far
    [767, 0, 0, 0, 0, 310, 112], // farther
    [1048, 0, 0, 0, 0, 61, 445], // farthest
    [1137, 1514, 0, 0, 0, 2401, 20], // hosting
    [0, 2887, 0, 0, 0, 0, 0], // vpn
    [3115, 0, 0, 0, 0, 0, 0], // tor
    [1321, 0, 3312, 3332, 3310, 0, 1056], // proxy
    [557, 649, 4, 0, 0, 663, 626], // hidden_unlike
    [364, 0, 0, 0, 0, 437, 558], // fast_travel
    [251, 0, 0, 0, 0, 700, 7], // impossible_travel
    [818, 977, 800, 1269, 978, 0, 6], // slow_unlike
    [1317, 841, 1480, 841, 896, 0, 5], // slow_much_unlike
    [1049, 1086, 915, 1839, 1730, 0, 0], // slow
    [755, 744, 1582, 1353, 1461, 0, 0], // slow_much
    [-1949, -1679, -3113, -2886, -2907, -1563, -985], // distance_fits
    [139, 142, 853, 1218, 0, 249, 0], // new_device
    [392, 447, 570, 603, 0, 627, 371], // new_device_unlike
    [-1786, -1581, -2187, -2377, -165, -2029, -1643], // known_device
    [-1508, -1287, -1597, -1676, -254, -1620, -1395], // usual_device
    [0, 0, 0, 0, 903, 0, 0], // device_long_unused
    [0, 0, 0, 0, 3000, 0, 0], // device_changed
    [0, 0, 0, 0, 3014, 0, 0], // device_older
    [0, 0, 0, 0, 1000, 0, 0], // device_screen
    [0, 0, 0, 0, 566, 0, 0], // device_elsewhere
    [0, 0, 0, 0, 0, 0, 0], // device_far
    [-1188, -865, -909, -915, -2644, -1209, -999], // key_proved
    [0, 0, 0, 0, 2698, 0, 0], // key_missing
    [0, 0, 0, 0, 2711, 0, 0], // key_failed
    [823, 714, 0, 0, 0, 0, 297], // new_browser
    [720, 632, 0, 0, 0, 0, 638], // new_browser_unlike
    [549, 347, 0, 0, 0, 0, 380], // browser_unusual
    [0, 0, 0, 0, 0, 0, 92], // new_kind
    [2084, 0, 0, 0, 0, 0, 0], // script
    [3991, 3033, 3746, 0, 2886, 0, 1364], // older_browser
    [2249, 3019, 2189, 0, 0, 0, 0], // much_older_browser
    [862, 1077, 907, 0, 0, 0, 400], // newer_browser
    [1121, 1045, 512, 949, 2697, 914, 0], // outdated_browser
    [2488, 2341, 2729, 0, 0, 0, 2125], // new_screen
    [0, 121, 903, 0, 0, 0, 525], // screen_unusual
    [2778, 2755, 3067, 0, 0, 0, 2078], // new_model
    [0, 4, 357, 913, 0, 551, 29], // new_greeting
    [0, 0, 0, 144, 0, 919, 130], // greeting_unusual
    [0, 123, 0, 0, 0, 1045, 0], // greeting_unknown
    [1679, 1129, 0, 0, 0, 0, 1449], // new_language
    [970, 982, 0, 0, 0, 0, 1174], // language_unusual
    [1464, 932, 0, 0, 0, 0, 0], // new_zone
    [873, 969, 882, 0, 0, 0, 0], // zone_unusual
    [897, 910, 619, 707, 732, 585, 893], // unusual_hour
    [2693, 1500, 0, 0, 0, 0, 0], // recent_failures
    [0, 326, 0, 0, 0, 0, 0], // failures_today
    [0, 225, 0, 0, 0, 0, 340], // network_failures
    [0, 0, 0, 0, 0, 0, 1399], // network_failures_today
    [0, 310, 0, 0, 0, 0, 951], // provider_failures
    [0, 0, 0, 0, 0, 0, 2057], // tenant_failures
    [500, 500, 500, 500, 500, 500, 500], // recent_change
    [500, 500, 500, 500, 500, 500, 500], // account_change
    [1000, 1000, 1000, 1000, 1000, 1000, 1000], // account_recovery
];
