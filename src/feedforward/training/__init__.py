"""Network + rows + recipe -> trained network + history: one loop, and engines that do the arithmetic."""
