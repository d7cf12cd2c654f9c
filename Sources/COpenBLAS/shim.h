// Not <cblas.h>: on Debian that is an alternative which may belong to another BLAS.
#include <cblas-openblas.h>
