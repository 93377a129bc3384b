package bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import java.io.IOException;
import java.util.Set;

/** A valid event and what it adds. Checks and leaves out what tests/bench/peers/job.py checks and leaves out. */
record Event(String identity, String owner, String date, long[] adds) {
    static final int SUMS = 8;
    private static final int CALLS = 0, ANSWERED = 1, TALK_S = 2, REAL_CALLS = 3, MEETINGS = 4, LEADS = 5, SALES = 6,
            REVENUE = 7;
    private static final Set<String> OUTCOMES = Set.of("answered", "no_answer", "voicemail", "busy", "abandoned");
    private static final ObjectReader JSON = new ObjectMapper().reader();

    /** The event in a record; null for one that must not count. */
    static Event read(byte[] value) {
        try {
            JsonNode event = JSON.readTree(value);
            JsonNode data = event.get("data");
            if (data == null || !"1.0".equals(event.path("specversion").textValue())
                    || !data.path("owner").isTextual() || event.path("subject").asText().isEmpty()) {
                return null;
            }
            long[] adds = new long[SUMS];
            if (!count(event.path("type").asText(), data, adds)) {
                return null;
            }
            return new Event(event.path("source").asText() + "/" + event.path("id").asText(),
                    data.get("owner").textValue(), event.path("time").asText().substring(0, 10), adds);
        } catch (IOException | IndexOutOfBoundsException broken) {
            return null;
        }
    }

    private static boolean count(String type, JsonNode data, long[] adds) {
        switch (type) {
            case "call.completed":
                JsonNode seconds = data.path("duration_s");
                String outcome = data.path("outcome").asText();
                if (!isCount(seconds) || !OUTCOMES.contains(outcome)) {
                    return false;
                }
                adds[CALLS] = 1;
                adds[TALK_S] = seconds.asLong();
                if (outcome.equals("answered")) {
                    adds[ANSWERED] = 1;
                    adds[REAL_CALLS] = seconds.asLong() >= 30 ? 1 : 0;
                }
                return true;
            case "meeting.held":
                adds[MEETINGS] = 1;
                return !data.has("duration_s") || isCount(data.get("duration_s"));
            case "lead.created":
                adds[LEADS] = 1;
                double score = data.path("score").asDouble(0);
                return !data.path("lead_id").asText().isEmpty() && score >= 0 && score <= 100;
            case "sale.closed":
                if (data.path("sale_id").asText().isEmpty() || !isCount(data.path("amount"))
                        || !data.path("currency").asText("VND").equals("VND")) {
                    return false;
                }
                adds[SALES] = 1;
                adds[REVENUE] = data.get("amount").asLong();
                return true;
            default:
                return false;
        }
    }

    private static boolean isCount(JsonNode value) {
        return value.isIntegralNumber() && value.asLong() >= 0;
    }
}
