"""The same stored model behind other servers, each written as its documentation shows.

Settings are those that the documentation uses or leaves alone. `REBRACKET_BENCH_MODEL` names the folder
of the exported model.
"""
