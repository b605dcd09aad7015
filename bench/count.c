/* What a program takes from the heap and copies, without a change of the program (Linux with glibc):
 *
 *   cc -O2 -fPIC -shared -fno-builtin -o count.so count.c
 *   COUNTS=FILE LD_PRELOAD=./count.so PROGRAM
 *
 * FILE holds four numbers of 64 bits, which may be read while the program runs: allocations (malloc, calloc, realloc and the
 * aligned ones), the octets that were asked for, calls of memcpy and memmove, and the octets that they copied. What the compiler
 * copies in place, without a call, is not seen.
 *
 * SITES=FILE says where allocations come from, too: FILE holds for each stack how often and how many octets. sites.py reads it,
 * also while the program runs. It makes the program several times slower. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

struct counts {
  _Atomic unsigned long allocations, allocated, copies, copied;
};

/* Stacks of so many callers, so many of them at most; sites.py knows these numbers. */
#define FRAMES 24
#define STACKS 16384

struct stack {
  _Atomic unsigned long hash, allocations, allocated;
  unsigned long frames[FRAMES];
};

static struct counts unnamed;
static struct counts *counts = &unnamed;
static struct stack *stacks;
/* To look at the stack may allocate. */
static __thread int looking;
static void *(*copy)(void *, const void *, size_t);
static void *(*move)(void *, const void *, size_t);

/* Where the program was put: the same whenever it runs. */
static unsigned long base;

static void came_from(size_t octets) {
  void *found[FRAMES + 3];
  looking = 1;
  int depth = backtrace(found, FRAMES + 3);
  looking = 0;
  unsigned long frames[FRAMES] = {0}, hash = 14695981039346656037ul;
  /* Not this function, the one that counts, and malloc. */
  for (int at = 3; at < depth; at++) {
    frames[at - 3] = (unsigned long)found[at] - base;
    hash = (hash ^ frames[at - 3]) * 1099511628211ul;
  }
  hash |= 1;
  for (unsigned long probe = 0; probe < 64; probe++) {
    struct stack *stack = &stacks[(hash + probe) % STACKS];
    unsigned long nobody = 0;
    if (atomic_compare_exchange_strong(&stack->hash, &nobody, hash)) {
      for (int at = 0; at < FRAMES; at++) stack->frames[at] = frames[at];
    } else if (nobody != hash) {
      continue;
    }
    atomic_fetch_add_explicit(&stack->allocations, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&stack->allocated, octets, memory_order_relaxed);
    return;
  }
}

static void __attribute__((noinline)) allocated(size_t octets) {
  if (stacks && !looking) came_from(octets);
  atomic_fetch_add_explicit(&counts->allocations, 1, memory_order_relaxed);
  atomic_fetch_add_explicit(&counts->allocated, octets, memory_order_relaxed);
}

static void copied(size_t octets) {
  atomic_fetch_add_explicit(&counts->copies, 1, memory_order_relaxed);
  atomic_fetch_add_explicit(&counts->copied, octets, memory_order_relaxed);
}

/* The file that a variable names, as memory; nothing without one. */
static void *shared(const char *variable, size_t octets) {
  const char *path = getenv(variable);
  int file = path ? open(path, O_RDWR | O_CREAT, 0600) : -1;
  if (file < 0) return NULL;
  void *memory = MAP_FAILED;
  if (ftruncate(file, octets) == 0) memory = mmap(NULL, octets, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  return memory == MAP_FAILED ? NULL : memory;
}

__attribute__((constructor)) static void begin(void) {
  copy = dlsym(RTLD_NEXT, "memcpy");
  move = dlsym(RTLD_NEXT, "memmove");
  struct counts *named = shared("COUNTS", sizeof(struct counts));
  if (named) counts = named;
  /* The first look loads what looks. */
  void *first[1];
  backtrace(first, 1);
  struct link_map *program = dlopen(NULL, RTLD_NOW);
  base = program ? program->l_addr : 0;
  stacks = shared("SITES", sizeof(struct stack) * STACKS);
}

void *malloc(size_t octets) {
  allocated(octets);
  return __libc_malloc(octets);
}

void *calloc(size_t count, size_t octets) {
  allocated(count * octets);
  return __libc_calloc(count, octets);
}

void *realloc(void *old, size_t octets) {
  allocated(octets);
  return __libc_realloc(old, octets);
}

void *aligned_alloc(size_t alignment, size_t octets) {
  allocated(octets);
  return __libc_memalign(alignment, octets);
}

void *memalign(size_t alignment, size_t octets) { return aligned_alloc(alignment, octets); }

int posix_memalign(void **out, size_t alignment, size_t octets) {
  void *made = aligned_alloc(alignment, octets);
  if (!made) return ENOMEM;
  *out = made;
  return 0;
}

/* Before the constructor ran, the dynamic linker copies too. */
static void *forward(void *to, const void *from, size_t octets) {
  volatile unsigned char *out = to;
  const volatile unsigned char *in = from;
  if ((const unsigned char *)to <= (const unsigned char *)from) {
    for (size_t at = 0; at < octets; at++) out[at] = in[at];
  } else {
    while (octets--) out[octets] = in[octets];
  }
  return to;
}

void *memcpy(void *to, const void *from, size_t octets) {
  copied(octets);
  return copy ? copy(to, from, octets) : forward(to, from, octets);
}

void *memmove(void *to, const void *from, size_t octets) {
  copied(octets);
  return move ? move(to, from, octets) : forward(to, from, octets);
}
