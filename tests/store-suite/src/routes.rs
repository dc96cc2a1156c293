//! One route per operation.

use crate::{raw, records};

web::routes! {
    POST "/get" => raw::get,
    POST "/set" => raw::set,
    POST "/delete" => raw::delete,
    POST "/increment" => raw::increment,
    POST "/append" => raw::append,
    POST "/decide" => raw::decide,
    POST "/decided" => raw::decided,
    POST "/withdraw" => raw::withdraw,
    POST "/issue" => raw::issue,
    POST "/take" => raw::take,
    POST "/forget" => raw::forget,
    GET "/now" => raw::now,
    POST "/echo" => raw::echo,
    POST "/fetch" => raw::fetch,
    POST "/enrol" => records::enrol,
    POST "/account" => records::account,
    POST "/remove" => records::remove,
    POST "/note" => records::note,
    POST "/notes" => records::notes,
    POST "/begin" => records::begin,
    POST "/finish" => records::finish,
    POST "/sweep" => records::sweep,
}
