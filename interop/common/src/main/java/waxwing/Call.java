package waxwing;

import java.util.ArrayList;
import java.util.List;

/** call SCENARIO URL N: N calls in one session; exit code 1 on a wrong answer, 2 on a failure. */
public final class Call {
    public static void main(String[] args) throws Exception {
        int n = Integer.parseInt(args[2]);
        boolean quiet = Boolean.getBoolean("quiet");
        int wrong = 0, failed = 0;
        List<Long> micros = new ArrayList<>();
        long start = System.nanoTime();
        Peer peer = new Peer(Scenario.of(args[0]), args[1]);
        Calculator port = peer.open();
        // The first request of a session is not repeated by the stack: who calls opens again.
        int openings = Integer.getInteger("open.attempts", 1);
        for (int i = 0; i < n; i++) {
            // Keys grow old in between.
            if (i > 0) Thread.sleep(Integer.getInteger("pause", 0));
            double a = 100 + i, b = 15.99, want, got;
            String op;
            long t = System.nanoTime();
            try {
                switch (i % 4) {
                    case 0: op = "Add"; want = a + b; got = port.add(a, b); break;
                    case 1: op = "Subtract"; want = a - b; got = port.subtract(a, b); break;
                    case 2: op = "Multiply"; want = a * b; got = port.multiply(a, b); break;
                    default: op = "Divide"; want = a / b; got = port.divide(a, b); break;
                }
            } catch (RuntimeException e) {
                if (i == 0 && --openings > 0) {
                    System.out.println("opening again after " + e);
                    Thread.sleep(1000);
                    port = peer.open();
                    i = -1;
                    continue;
                }
                failed++;
                System.out.println("call " + i + " failed after " + (System.nanoTime() - t) / 1000000 + " ms: " + e);
                if (Boolean.getBoolean("trace")) e.printStackTrace();
                if (failed >= Integer.getInteger("max.failures", 3)) break;
                continue;
            }
            micros.add((System.nanoTime() - t) / 1000);
            if (got != want) wrong++;
            if (!quiet) System.out.println(op + "(" + a + ", " + b + ") = " + got + (got == want ? "" : "  WRONG, wanted " + want));
        }
        long calls = System.nanoTime();
        try {
            Peer.close(port);
        } catch (RuntimeException e) {
            failed++;
            System.out.println("close failed: " + e);
        }
        micros.sort(null);
        long max = micros.isEmpty() ? -1 : micros.get(micros.size() - 1) / 1000;
        System.out.println("DONE ok " + (micros.size() - wrong) + " of " + n + " wrong " + wrong + " failed " + failed
                + " calls_ms " + (calls - start) / 1000000 + " slowest_ms " + max
                + " close_ms " + (System.nanoTime() - calls) / 1000000);
        System.exit(wrong > 0 ? 1 : failed > 0 || micros.size() < n ? 2 : 0);
    }
}
