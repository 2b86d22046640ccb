//! The products that the servers are measured with.

use std::fmt::Write;

/// How many products.
pub(crate) const PRODUCTS: usize = 1_000;
/// One variant each.
pub(crate) const SIZES: [&str; 3] = ["S", "M", "L"];

const COLOURS: [&str; 5] = ["Morning blue", "Fog", "Rust", "Bottle green", "Undyed"];
const THINGS: [&str; 8] =
    ["Sweater", "Jacket", "Cap", "Shirt", "Trousers", "Scarf", "Socks", "Gloves"];
const VENDORS: [&str; 4] = ["Nordmole", "Lighthouse Goods", "Second Catch", "Brandt & Søn"];
const HEADER: &str = "Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Variant SKU,Variant Inventory Qty,Variant Price,Variant Compare At Price,Image Src,Image Alt Text,Status";

fn handle(number: usize) -> String {
    format!("bench-product-{number:04}")
}

/// The handles of all products.
pub(crate) fn handles() -> impl Iterator<Item = String> {
    (0..PRODUCTS).map(handle)
}

/// A description as shops have them: some 400 bytes of HTML.
pub(crate) fn description(number: usize) -> String {
    format!(
        "<p>Number {number} of the harbour series: undyed wool from the islands, knitted in one \
         piece, so that there is no seam to let the wind in.</p><ul><li>Warm when wet, and dry \
         within the hour</li><li>Elbows and cuffs of double thickness</li><li>Repaired by us for \
         as long as we live</li></ul><p>Wash by hand at 30 °C, dry flat, and keep it away from \
         the cat. <a href='/pages/care'>More about care</a>.</p>"
    )
}

/// The whole catalogue in the Shopify product CSV format. A row is a variant; the first has the
/// product's own columns, and the first two have an image each.
pub(crate) fn csv() -> String {
    let mut csv = format!("{HEADER}\n");
    for number in 0..PRODUCTS {
        let handle = handle(number);
        let colour = COLOURS[number % COLOURS.len()];
        let price = 20 + number % 180;
        for (place, size) in SIZES.into_iter().enumerate() {
            let product = if place == 0 { product_cells(number) } else { ",,,,,".to_owned() };
            let (size_name, colour_name, status) =
                if place == 0 { ("Size", "Colour", "active") } else { ("", "", "") };
            let compared = if place == 2 { format!("{}.00", price + 15) } else { String::new() };
            let image = match place {
                0 => format!("https://images.shop.example/{handle}-front.jpg,The front of it"),
                1 => format!("https://images.shop.example/{handle}-back.jpg,\"The back, worn\""),
                _ => ",".to_owned(),
            };
            let stock = (number * 7 + place) % 50;
            let _ = writeln!(
                csv,
                "{handle},{product},{size_name},{size},{colour_name},{colour},\
                 BEN-{number:04}-{size},{stock},{price}.90,{compared},{image},{status}"
            );
        }
    }
    csv
}

/// Title, description, vendor, type, tags and whether it is published.
fn product_cells(number: usize) -> String {
    let thing = THINGS[number % THINGS.len()];
    let vendor = VENDORS[number % VENDORS.len()];
    format!(
        "Harbour {thing} {number},\"{}\",{vendor},Clothing,\"wool, winter, {}, harbour\",true",
        description(number),
        thing.to_lowercase(),
    )
}
