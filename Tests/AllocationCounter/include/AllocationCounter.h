// Counts what the calling thread allocates, for tests that say how much.
#pragma once

// Starts counting on this thread, from nothing.
void allocation_counter_start(void);
// Ends counting and gives the number of allocations since the start.
long allocation_counter_stop(void);
