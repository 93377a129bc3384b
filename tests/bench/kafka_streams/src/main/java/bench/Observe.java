package bench;

import java.nio.ByteBuffer;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;

/** Decodes, validates, drops duplicates, and tells person, team and organisation what to add. */
final class Observe implements Processor<byte[], byte[], String, byte[]> {
    static final int DATE = 10;
    private static final byte[] YES = {1};
    private final int teams;
    private ProcessorContext<String, byte[]> context;
    private KeyValueStore<String, byte[]> seen;

    Observe(int teams) {
        this.teams = teams;
    }

    @Override
    public void init(ProcessorContext<String, byte[]> given) {
        context = given;
        seen = given.getStateStore("seen");
    }

    @Override
    public void process(Record<byte[], byte[]> record) {
        if (Main.READ.get() == 0) {
            Main.mark("start");
        }
        Event event = Event.read(record.value());
        if (event != null && seen.putIfAbsent(event.identity(), YES) == null) {
            ByteBuffer part = ByteBuffer.allocate(DATE + Event.SUMS * Long.BYTES).put(Main.utf8(event.date()));
            for (long amount : event.adds()) {
                part.putLong(amount);
            }
            String team = String.format("t-%03d", Integer.parseInt(event.owner().substring(2)) % teams);
            for (String subject : new String[] {event.owner(), team, "bench"}) {
                context.forward(record.withKey(subject).withValue(part.array()));
                Main.SENT.incrementAndGet();
            }
        }
        Main.READ.incrementAndGet();
    }
}
