package bench;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Repartitioned;
import org.apache.kafka.streams.state.Stores;

/**
 * Kafka Streams, exactly-once v2: duplicates and sums in RocksDB stores with changelogs, subjects behind a repartition
 * topic, changed rows published every 50 ms. One stream thread.
 *
 * <p>Leaves out departments, and what tests/bench/peers/job.py leaves out.
 */
public final class Main {
    static final AtomicLong READ = new AtomicLong();
    static final AtomicLong SENT = new AtomicLong();
    static final AtomicLong COUNTED = new AtomicLong();
    /** Changed rows that are not published yet. */
    static final AtomicLong UNPUBLISHED = new AtomicLong();
    static final Map<String, long[]> ROWS = new ConcurrentHashMap<>();

    private Main() {}

    /** Prints a mark with the monotonic clock, which Python's time.monotonic() reads too. */
    static void mark(String what) {
        System.out.println(what + " " + System.nanoTime() / 1e9);
        System.out.flush();
    }

    public static void main(String[] arguments) throws Exception {
        Map<String, String> asked = new HashMap<>();
        for (int place = 0; place + 1 < arguments.length; place += 2) {
            asked.put(arguments[place].substring(2), arguments[place + 1]);
        }
        long events = Long.parseLong(asked.get("events"));
        Path folder = Path.of(asked.get("folder"));
        KafkaStreams streams = new KafkaStreams(topology(asked), config(asked, folder));
        streams.setUncaughtExceptionHandler(error -> {
            error.printStackTrace();
            Runtime.getRuntime().halt(1);
            return null;
        });
        streams.start();
        while (READ.get() < events || COUNTED.get() < SENT.get() || UNPUBLISHED.get() > 0) {
            Thread.sleep(5);
        }
        streams.close(); // commits what is left
        mark("end");
        Files.writeString(folder.resolve("sums.json"), json());
    }

    private static Topology topology(Map<String, String> asked) {
        int partitions = Integer.parseInt(asked.get("partitions"));
        int teams = Integer.parseInt(asked.get("teams"));
        var strings = Serdes.String();
        var bytes = Serdes.ByteArray();
        var seen = Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore("seen"), strings, bytes);
        var sums = Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore("sums"), strings, bytes);
        StreamsBuilder builder = new StreamsBuilder();
        builder.addStateStore(seen.withCachingEnabled());
        builder.addStateStore(sums.withCachingEnabled());
        builder.stream(asked.get("topic"), Consumed.with(bytes, bytes))
                .process(() -> new Observe(teams), "seen")
                .repartition(Repartitioned.with(strings, bytes).withName("by-subject").withNumberOfPartitions(partitions))
                .process(Count::new, "sums")
                .to(asked.get("values"), Produced.with(strings, strings));
        return builder.build();
    }

    private static Properties config(Map<String, String> asked, Path folder) {
        Properties config = new Properties();
        config.put(StreamsConfig.APPLICATION_ID_CONFIG, asked.get("run"));
        config.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, asked.get("broker"));
        config.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        config.put(StreamsConfig.STATE_DIR_CONFIG, folder.resolve("state").toString());
        config.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
        config.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
        config.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 64L << 20);
        config.put("auto.offset.reset", "earliest");
        return config;
    }

    private static String json() {
        StringBuilder text = new StringBuilder("{");
        ROWS.forEach((place, sums) -> {
            text.append(text.length() > 1 ? "," : "").append('"').append(place).append("\":[");
            for (int number = 0; number < sums.length; number++) {
                text.append(number > 0 ? "," : "").append(sums[number]);
            }
            text.append(']');
        });
        return text.append('}').toString();
    }

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
