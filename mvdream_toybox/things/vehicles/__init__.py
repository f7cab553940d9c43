"""The table of toybox's vehicles."""

from mvdream_toybox.kind import Kind
from mvdream_toybox.palette import natural
from mvdream_toybox.things.vehicles import aircraft, cars, flyers, machines, ships

KINDS: dict[str, Kind] = {
    "car": Kind(
        ("car", "automobile", "sedan"),
        cars.car,
        None,
        variants={"sports car": ("sports car", "race car", "supercar"), "pickup truck": ("pickup truck", "pickup")},
    ),
    "taxi": Kind(("taxi", "taxi cab"), cars.taxi, natural("yellow")),
    "police car": Kind(("police car",), cars.police_car, natural("navy")),
    "bus": Kind(("bus", "school bus", "city bus"), cars.bus, natural("yellow")),
    "truck": Kind(("truck", "delivery truck", "lorry"), cars.truck, None, variants={"dump truck": ("dump truck",)}),
    "fire truck": Kind(("fire truck", "fire engine"), cars.fire_truck, ("red", "yellow", "white", "green", "orange")),
    "tractor": Kind(("tractor", "farm tractor"), machines.tractor, ("green", "red", "blue", "orange", "yellow", "gray")),
    "train": Kind(("steam locomotive", "locomotive", "train", "steam train"), machines.train, natural("black")),
    "tank": Kind(("tank", "army tank"), machines.tank, ("green", "beige", "gray", "brown", "black", "blue", "red")),
    "motorcycle": Kind(("motorcycle", "motorbike"), machines.motorcycle, None),
    "bicycle": Kind(("bicycle", "bike"), machines.bicycle, None),
    "tall ship": Kind(
        ("tall ship", "sailing ship", "galleon"),
        ships.tall_ship,
        ("white", "black", "red", "beige", "blue", "purple"),
        extras=(("before", "majestic royal"), ("before", "majestic"), ("after", "with three masts")),
    ),
    "sailboat": Kind(("sailboat", "yacht", "sailing boat"), ships.sailboat, None),
    "submarine": Kind(("submarine",), ships.submarine, natural("yellow"), patterns=True),
    "motorboat": Kind(("motorboat", "speedboat"), ships.motorboat, None),
    "airplane": Kind(
        ("airplane", "plane", "passenger jet"),
        aircraft.airplane,
        natural("white"),
        variants={
            "propeller plane": ("propeller plane", "propeller airplane"),
            "biplane": ("biplane",),
            "fighter jet": ("fighter jet", "jet fighter"),
        },
    ),
    "helicopter": Kind(("helicopter",), aircraft.helicopter, None),
    "rocket": Kind(("rocket", "space rocket", "rocket ship"), flyers.rocket, natural("white"), patterns=True),
    "hot air balloon": Kind(("hot air balloon",), flyers.hot_air_balloon, None, patterns=True),
    "ufo": Kind(("flying saucer", "ufo", "alien spaceship"), flyers.ufo, natural("silver")),
    "blimp": Kind(("blimp", "airship", "zeppelin"), flyers.blimp, natural("silver"), patterns=True),
}
