package bench;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;

/** Adds to the day and the month of a subject and publishes the rows that changed, every 50 ms. */
final class Count implements Processor<String, byte[], String, String> {
    private static final Duration EVERY = Duration.ofMillis(50);
    private final Map<String, long[]> changed = new HashMap<>();
    private ProcessorContext<String, String> context;
    private KeyValueStore<String, byte[]> sums;

    @Override
    public void init(ProcessorContext<String, String> given) {
        context = given;
        sums = given.getStateStore("sums");
        given.schedule(EVERY, PunctuationType.WALL_CLOCK_TIME, this::publish);
    }

    @Override
    public void process(Record<String, byte[]> record) {
        ByteBuffer part = ByteBuffer.wrap(record.value());
        String date = new String(record.value(), 0, Observe.DATE, StandardCharsets.UTF_8);
        for (String period : new String[] {date, date.substring(0, "2026-10".length())}) {
            String place = record.key() + "|" + period;
            byte[] stored = sums.get(place);
            ByteBuffer row = stored == null ? ByteBuffer.allocate(Event.SUMS * Long.BYTES) : ByteBuffer.wrap(stored.clone());
            long[] now = new long[Event.SUMS];
            for (int number = 0; number < Event.SUMS; number++) {
                now[number] = row.getLong(number * Long.BYTES) + part.getLong(Observe.DATE + number * Long.BYTES);
                row.putLong(number * Long.BYTES, now[number]);
            }
            sums.put(place, row.array());
            if (changed.put(place, now) == null) {
                Main.UNPUBLISHED.incrementAndGet();
            }
        }
        Main.COUNTED.incrementAndGet();
    }

    private void publish(long timestamp) {
        changed.forEach((place, row) -> {
            context.forward(new Record<>(place, Arrays.toString(row), timestamp));
            Main.ROWS.put(place, row);
        });
        Main.UNPUBLISHED.addAndGet(-changed.size());
        changed.clear();
    }
}
