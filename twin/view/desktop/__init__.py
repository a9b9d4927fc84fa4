"""The interactive window on the desktop, drawn by pyvista: what the browser page shows, in a window of its own."""
