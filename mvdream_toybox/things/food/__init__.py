"""The table of toybox's food and tableware."""

from mvdream_toybox.kind import Kind
from mvdream_toybox.palette import natural
from mvdream_toybox.things.food import candy, dishes, fruit, sweets, tableware, vegetables

_ICING = (
    "pink",
    "white",
    "brown",
    "blue",
    "yellow",
    "green",
    "purple",
    "red",
    "orange",
    "cyan",
    "teal",
    "lime",
    "magenta",
    "beige",
)

KINDS: dict[str, Kind] = {
    "pancakes": Kind(
        ("stack of pancakes", "pile of pancakes"),
        sweets.pancakes,
        ("brown",),
        extras=(("after", "with maple syrup and butter"), ("after", "with syrup and butter on top")),
    ),
    "donut": Kind(("donut", "doughnut"), sweets.donut, _ICING, patterns=True, extras=(("after", "with sprinkles"),)),
    "cupcake": Kind(("cupcake", "muffin"), sweets.cupcake, _ICING, patterns=True, extras=(("after", "with frosting"),)),
    "cake": Kind(
        ("birthday cake", "cake"),
        sweets.cake,
        _ICING,
        variants={"slice of cake": ("slice of cake", "piece of cake"), "wedding cake": ("wedding cake",)},
    ),
    "ice cream": Kind(("ice cream cone", "ice cream"), candy.ice_cream, _ICING, patterns=True),
    "cookie": Kind(("chocolate chip cookie", "cookie"), candy.cookie, ("beige",)),
    "lollipop": Kind(("lollipop",), candy.lollipop, None),
    "popsicle": Kind(("popsicle", "ice lolly"), candy.popsicle, _ICING, patterns=True),
    "croissant": Kind(("croissant",), sweets.croissant, ("brown",)),
    "candy cane": Kind(("candy cane",), candy.candy_cane, ("red", "green", "blue", "pink", "purple", "orange")),
    "hamburger": Kind(("hamburger", "burger", "cheeseburger"), dishes.hamburger, ("brown",)),
    "pizza": Kind(("pizza", "pepperoni pizza"), dishes.pizza, ("orange",), variants={"slice of pizza": ("slice of pizza",)}),
    "hot dog": Kind(("hot dog",), dishes.hot_dog, ("brown",)),
    "fries": Kind(("box of french fries", "carton of french fries"), dishes.fries, natural("red"), patterns=True),
    "sushi": Kind(
        ("piece of salmon sushi", "piece of nigiri sushi"),
        dishes.sushi,
        ("orange",),
        variants={"sushi roll": ("sushi roll", "maki roll")},
    ),
    "cheese": Kind(("wedge of cheese", "piece of cheese"), dishes.cheese, ("yellow",)),
    "egg": Kind(("egg", "easter egg"), tableware.egg, natural("beige"), patterns=True),
    "teapot": Kind(("teapot", "kettle"), tableware.teapot, None, patterns=True),
    "mug": Kind(("mug", "cup", "coffee mug", "cup of coffee"), tableware.mug, None, patterns=True),
    "bottle": Kind(("bottle", "wine bottle"), tableware.bottle, natural("green")),
    "apple": Kind(("apple",), fruit.apple, ("red", "green", "yellow", "golden")),
    "pear": Kind(("pear",), fruit.pear, ("green", "yellow", "brown", "lime", "red")),
    "orange": Kind(("orange fruit", "tangerine"), fruit.orange, ("orange",)),
    "lemon": Kind(("lemon",), fruit.lemon, ("yellow", "green", "lime")),
    "tomato": Kind(("tomato",), vegetables.tomato, ("red", "yellow", "green", "orange")),
    "eggplant": Kind(("eggplant", "aubergine"), vegetables.eggplant, ("purple", "white", "black")),
    "banana": Kind(("banana",), fruit.banana, ("yellow", "green"), variants={"bunch of bananas": ("bunch of bananas",)}),
    "strawberry": Kind(("strawberry",), fruit.strawberry, ("red", "pink", "white")),
    "carrot": Kind(("carrot",), vegetables.carrot, ("orange", "purple", "yellow")),
    "watermelon": Kind(
        ("watermelon slice", "slice of watermelon"), fruit.watermelon, ("red",), variants={"whole watermelon": ("watermelon",)}
    ),
    "pineapple": Kind(("pineapple",), fruit.pineapple, ("golden",)),
    "grapes": Kind(("bunch of grapes",), fruit.grapes, ("purple", "green", "red", "black")),
    "cherries": Kind(("pair of cherries",), fruit.cherries, ("red", "maroon", "black", "yellow")),
    "corn": Kind(("ear of corn", "corn cob"), vegetables.corn, ("yellow",)),
    "pepper": Kind(("bell pepper", "pepper"), vegetables.pepper, ("red", "green", "yellow", "orange", "purple")),
}
