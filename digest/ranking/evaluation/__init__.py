"""How good a ranking is: readers whose choices are known, what each method would have shown them, and the measures."""
