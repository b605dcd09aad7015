package waxwing;

import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/** bench SCENARIO URL SESSIONS WARMUP_SECONDS SECONDS ROUNDS: one thread and one session (port) per client. */
public final class Bench {
    public static void main(String[] args) throws Exception {
        int sessions = Integer.parseInt(args[2]);
        long warm = Long.parseLong(args[3]) * 1_000_000_000L, run = Long.parseLong(args[4]) * 1_000_000_000L;
        int rounds = Integer.parseInt(args[5]);
        long server = Long.getLong("server.pid", 0);
        Peer peer = new Peer(Scenario.of(args[0]), args[1]);
        Calculator[] ports = new Calculator[sessions];
        for (int i = 0; i < sessions; i++) ports[i] = peer.open();
        // Warm up for the time asked, and longer (up to 45 s) until the compiler has seen 1500 calls.
        long begin = System.nanoTime(), warmed = 0;
        do {
            warmed += round(ports, 2_000_000_000L).length;
        } while (System.nanoTime() - begin < warm || warmed < 1500 && System.nanoTime() - begin < 45_000_000_000L);
        System.out.println("warm-up calls " + warmed + " in " + (System.nanoTime() - begin) / 1_000_000_000L + " s");
        for (int r = 1; r <= rounds; r++) {
            double mine = cpu(ProcessHandle.current().pid()), theirs = cpu(server);
            long[] t = round(ports, run);
            mine = cpu(ProcessHandle.current().pid()) - mine;
            theirs = cpu(server) - theirs;
            System.out.printf("%s sessions %d round %d calls %d calls_per_s %.1f p50_ms %.2f p99_ms %.2f max_ms %.2f client_cpu_ms_per_call %.2f server_cpu_ms_per_call %.2f%n",
                    args[0], sessions, r, t.length, t.length / (run / 1e9), at(t, 0.5), at(t, 0.99), at(t, 1),
                    mine * 1e3 / t.length, theirs * 1e3 / t.length);
        }
        System.out.println("client_rss_kb " + rss(ProcessHandle.current().pid()));
        System.exit(0);
    }

    private static double at(long[] t, double q) { return t.length == 0 ? -1 : t[(int) Math.min(t.length - 1, Math.floor(q * t.length))] / 1e6; }

    /** CPU seconds a process has used, from /proc (clock ticks of 10 ms); 0 when there is no such process. */
    static double cpu(long pid) throws java.io.IOException {
        if (pid == 0) return 0;
        String stat = java.nio.file.Files.readString(java.nio.file.Path.of("/proc/" + pid + "/stat"));
        String[] f = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        return (Long.parseLong(f[11]) + Long.parseLong(f[12])) / 100.0;
    }

    static String rss(long pid) throws Exception {
        for (String l : java.nio.file.Files.readAllLines(java.nio.file.Path.of("/proc/" + pid + "/status")))
            if (l.startsWith("VmRSS")) return l.replaceAll("\\D", "");
        return "?";
    }

    private static long[] round(Calculator[] ports, long nanos) throws InterruptedException {
        long[][] got = new long[ports.length][];
        AtomicInteger wrong = new AtomicInteger();
        CountDownLatch done = new CountDownLatch(ports.length);
        long end = System.nanoTime() + nanos;
        for (int i = 0; i < ports.length; i++) {
            int me = i;
            new Thread(() -> {
                long[] t = new long[4096];
                int n = 0;
                try {
                    while (true) {
                        long t0 = System.nanoTime();
                        if (t0 >= end) break;
                        if (ports[me].add(n, 1) != n + 1) wrong.incrementAndGet();
                        if (n == t.length) t = Arrays.copyOf(t, n * 2);
                        t[n++] = System.nanoTime() - t0;
                    }
                } catch (RuntimeException e) {
                    System.out.println("session " + me + " failed after " + n + " calls: " + e);
                } finally {
                    got[me] = Arrays.copyOf(t, n);
                    done.countDown();
                }
            }).start();
        }
        done.await();
        if (wrong.get() > 0) throw new IllegalStateException(wrong + " wrong answers");
        long[] all = Arrays.stream(got).flatMapToLong(Arrays::stream).toArray();
        Arrays.sort(all);
        return all;
    }
}
