# SPDX-License-Identifier: Apache-2.0
# The rooms of src/ and who may use whom: the single source. CMake links from it, and the test
# `rooms` holds every #include against it. base is for all.
tacho_room(base LIBRARIES ${TACHO_FMT})
tacho_room(schema)
tacho_room(kernel)
tacho_room(ledger USES kernel)
tacho_room(collectors USES ledger kernel schema)
tacho_room(journal USES schema LIBRARIES nanoarrow lz4)
tacho_room(wide USES journal schema LIBRARIES nanoarrow lz4)
tacho_room(recorder USES collectors ledger kernel journal wide schema)
# Above: what `tacho` links; nothing there knows Arrow C++. Below: what `tacho-reader` links;
# nothing there knows /proc.
tacho_room(store USES journal schema LIBRARIES arrow parquet zstd xxhash)
tacho_room(foreign USES store journal schema LIBRARIES arrow parquet)
tacho_room(query USES foreign store journal schema LIBRARIES arrow parquet)
tacho_room(views USES query journal wide schema LIBRARIES arrow parquet)
