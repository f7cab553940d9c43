"""Runs inside Blender's Python: python blender.py OUT FILE... imports each file, tells what came in, and renders it.

Prints a line `SEEN {json}` for each file. Nothing of the package is imported: bpy has an environment of its own.
"""

import json
import sys
from pathlib import Path

import bpy
from mathutils import Vector

IMPORTERS = {
    ".glb": lambda path: bpy.ops.import_scene.gltf(filepath=path),
    ".gltf": lambda path: bpy.ops.import_scene.gltf(filepath=path),
    ".obj": lambda path: bpy.ops.wm.obj_import(filepath=path),
    ".ply": lambda path: bpy.ops.wm.ply_import(filepath=path),
    ".stl": lambda path: bpy.ops.wm.stl_import(filepath=path),
    ".usdz": lambda path: bpy.ops.wm.usd_import(filepath=path),
}
SIZE_PX, SAMPLES = 320, 32


def look(path: Path, out: Path) -> dict:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    IMPORTERS[path.suffix.lower()](str(path))
    shapes = [thing for thing in bpy.data.objects if thing.type == "MESH"]
    corners = [shape.matrix_world @ Vector(corner) for shape in shapes for corner in shape.bound_box]
    low, high = (Vector([limit(corner[axis] for corner in corners) for axis in range(3)]) for limit in (min, max))
    images = [image for image in bpy.data.images if image.size[0]]
    missing = [image.name for image in bpy.data.images if not image.size[0] and image.source == "FILE"]
    name = f"{path.parent.name}-{path.name}-blender.png"
    render(low, high, shapes, out / name, front_x=path.suffix.lower() in (".ply", ".stl"))
    return {
        "triangles": sum(len(face.vertices) - 2 for shape in shapes for face in shape.data.polygons),
        "size": list(high - low),
        "pictures": len(images),
        "colors": any(shape.data.color_attributes for shape in shapes),
        "picture": name,
        "problems": [f"the picture {name} is missing" for name in missing],
    }


def render(low: Vector, high: Vector, shapes: list, path: Path, front_x: bool) -> None:
    """From the front (+x in z-up files, -y where Blender turned them), a little from the side and from above."""
    scene, center, radius = bpy.context.scene, (low + high) / 2, (high - low).length / 2
    toward = Vector((0.8, 0.45, 0.35) if front_x else (0.45, -0.8, 0.35)).normalized()
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    scene.collection.objects.link(camera)
    camera.location, camera.rotation_euler = center + toward * radius * 3.2, (-toward).to_track_quat("-Z", "Y").to_euler()
    camera.data.angle, camera.data.clip_start, camera.data.clip_end = 0.66, radius / 100, radius * 20
    lamp = bpy.data.objects.new("lamp", bpy.data.lights.new("lamp", "SUN"))
    lamp.data.energy, lamp.rotation_euler = 2.0, (0.6, 0.2, 0.5)
    scene.collection.objects.link(lamp)
    for shape in shapes:
        if not shape.data.materials and shape.data.color_attributes:  # importers leave colors without a material
            shape.data.materials.append(_painted(shape.data.color_attributes[0].name))
    scene.camera, scene.world = camera, bpy.data.worlds.new("world")
    scene.world.use_nodes = True
    scene.world.node_tree.nodes["Background"].inputs[0].default_value = (0.6, 0.6, 0.6, 1)
    scene.render.engine, scene.cycles.device, scene.cycles.samples = "CYCLES", "CPU", SAMPLES
    scene.cycles.use_denoising, scene.view_settings.view_transform = False, "Standard"
    scene.render.threads_mode, scene.render.threads = "FIXED", 1
    scene.render.resolution_x = scene.render.resolution_y = SIZE_PX
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)


def _painted(name: str):
    material = bpy.data.materials.new("painted")
    material.use_nodes = True
    colors = material.node_tree.nodes.new("ShaderNodeVertexColor")
    colors.layer_name = name
    surface = material.node_tree.nodes["Principled BSDF"]
    material.node_tree.links.new(colors.outputs["Color"], surface.inputs["Base Color"])
    return material


if __name__ == "__main__":
    for argument in sys.argv[2:]:
        try:
            facts = look(Path(argument).resolve(), Path(sys.argv[1]).resolve())
        except Exception as error:
            facts = {"problems": [f"{type(error).__name__}: {error}"[:300]]}
        print("SEEN " + json.dumps({"file": argument, **facts}), flush=True)
