#include "load/load_int.h"
int load_probe(struct load *l, struct run *r, struct err *e){return 0;}
int load_find_knee(struct load *l, int64_t budget_ns, struct run *r, struct err *e){return 0;}
