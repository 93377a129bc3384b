"""Pipeline health: whether events become values in time, and what becomes of those that do not."""

from grafana_foundation_sdk.builders import dashboard as board

from deploy.grafana.panels import dashboard, lines, query, row, stat, time_table
from streams.metrics import definitions as of

READY = {"1": ("Sẵn sàng / Ready", "green"), "0": ("Chưa sẵn sàng / Not ready", "red")}


def pipeline() -> board.Dashboard:
    """Whether events become values in time, and what becomes of those that do not."""
    wall = "time() - "
    return (
        dashboard(
            "kpi-pipeline",
            "KPI · Đường ống dữ liệu / Pipeline",
            "Sự kiện có thành KPI kịp lúc không / Whether events become KPIs in time",
            "1h",
        )
        .with_row(row("Tiến trình / Workers"))
        .with_panel(stat("Sẵn sàng / Ready", query(of.WORKER_READY.name, "{{instance}}"), names=READY, width=6))
        .with_panel(
            lines(
                "Phân vùng theo trạng thái / Partitions by phase",
                query(f"sum by (stage, phase) ({of.PARTITIONS.name})", "{{stage}} · {{phase}}"),
                width=6,
            )
        )
        .with_panel(
            lines("Bộ nhớ / Memory", query("process_resident_memory_bytes", "{{instance}}"), unit="bytes", width=6)
        )
        .with_panel(
            lines(
                "CPU (nhân) / CPU cores",
                query("rate(process_cpu_seconds_total[$__rate_interval])", "{{instance}}"),
                width=6,
            )
        )
        .with_row(row("Sự kiện / Events"))
        .with_panel(
            lines(
                "Sự kiện mỗi giây theo kết cục / Events a second by outcome",
                query(rate(of.EVENTS_TOTAL, "outcome"), "{{outcome}}"),
                width=10,
            )
        )
        .with_panel(
            lines(
                "Bản ghi lỗi mỗi giây theo lý do / Dead letters a second by reason",
                query(rate(of.EVENTS_TOTAL, "detail", '{outcome="dead_lettered"}'), "{{detail}}"),
                width=8,
            )
        )
        .with_panel(
            stat(
                "Tổng cộng / In all",
                query(f"sum by (outcome) ({of.EVENTS_TOTAL.name})", "{{outcome}}"),
                query(f"sum({of.EVENTS_PENDING.name})", "pending"),
                width=6,
                height=8,
            )
        )
        .with_panel(
            stat(
                "Người phụ trách lạ / Unknown owners",
                query(f"sum({of.UNKNOWN_OWNERS.name})", "người / people"),
                query(f"sum({of.INTERNAL_ERRORS_TOTAL.name})", "lỗi chương trình / internal errors"),
                width=8,
            )
        )
        .with_panel(
            stat(
                "Khóa quá nhiều sự kiện / Keys with too many events",
                query(f"count({of.KEY_EVENTS.name}) or vector(0)", "khóa / keys"),
                query(f"max({of.KEY_EVENTS.name}) or vector(0)", "sự kiện / events"),
                width=8,
            )
        )
        .with_panel(
            stat(
                "Đến trễ / Late",
                query(f'sum({of.EVENTS_TOTAL.name}{{detail="late"}}) or vector(0)', "sự kiện / events"),
                width=8,
            )
        )
        .with_row(row("Tiến độ xử lý / How far it is"))
        .with_panel(lines("Chưa đọc / Consumer lag", query(f"sum by (stage) ({of.LAG.name})", "{{stage}}"), width=6))
        .with_panel(
            lines(
                "Sự kiện mới nhất cách đây / Age of the newest event",
                query(f"{wall}max by (partition) ({of.WATERMARK.name})", "{{partition}}"),
                unit="s",
                width=6,
            )
        )
        .with_panel(
            lines(
                "Đồng hồ chậm / Clock behind the wall",
                query(f"{wall}min by (stage) ({of.CLOCK.name})", "{{stage}}"),
                unit="s",
                width=6,
            )
        )
        .with_panel(
            lines(
                "Chờ nguồn chậm hơn / Held for a slower source",
                query(f"sum by (stage) ({of.HELD.name})", "{{stage}}: phút / minutes"),
                width=6,
            )
        )
        .with_panel(
            lines(
                "Đang giữ trong bộ nhớ / Fetched and waiting",
                query(f"sum by (stage) ({of.BUFFERED_RECORDS.name})", "{{stage}}: bản ghi / records"),
                width=8,
            )
        )
        .with_panel(
            lines(
                "Đang giữ, theo byte / Fetched and waiting, bytes",
                query(f"sum by (stage) ({of.BUFFERED_BYTES.name})", "{{stage}}"),
                unit="bytes",
                width=8,
            )
        )
        .with_panel(
            lines(
                "Khôi phục đã xong / Restores under way",
                query(of.RESTORE_PROGRESS.name, "{{stage}}/{{partition}}"),
                unit="percentunit",
                width=8,
            )
        )
        .with_row(row("Chi phí / What it costs"))
        .with_panel(
            lines(
                "Độ trễ bản ghi đến khi ghi nhận / Record latency to commit",
                query(quantile(of.LATENCY_SECONDS, 0.5), "{{stage}} p50"),
                query(quantile(of.LATENCY_SECONDS, 0.99), "{{stage}} p99"),
                unit="s",
                width=8,
            )
        )
        .with_panel(
            lines(
                "Từ sự kiện đến KPI / Event to value",
                query(road_quantile(0.5), "p50"),
                query(road_quantile(0.99), "p99"),
                unit="s",
                width=8,
            )
        )
        .with_panel(
            lines(
                "Xử lý một lô và một giao dịch, p99 / Chunk and transaction, p99",
                query(quantile(of.CHUNK_SECONDS, 0.99), "{{stage}} lô / chunk"),
                query(quantile(of.TRANSACTION_SECONDS, 0.99), "{{stage}} giao dịch / transaction"),
                unit="s",
                width=8,
            )
        )
        .with_panel(
            lines(
                "Bản ghi mỗi lô, p90 / Records a chunk, p90",
                query(quantile(of.CHUNK_RECORDS, 0.9), "{{stage}}"),
                width=8,
            )
        )
        .with_panel(
            lines(
                "Khôi phục / Restores",
                query(f"sum by (stage) ({of.RESTORE_SECONDS.name}_sum)", "{{stage}}: giây / seconds"),
                query(f"sum by (stage) ({of.RESTORED_ROWS_TOTAL.name})", "{{stage}}: dòng / rows"),
                width=8,
            )
        )
        .with_panel(lines("Chia lại phân vùng / Rebalances", query(of.REBALANCES_TOTAL.name, "{{instance}}"), width=8))
        .with_panel(
            lines(
                "Trạng thái trong changelog / State in the changelog",
                query(f"sum by (stage) ({of.STATE_ROWS.name})", "{{stage}}: dòng / rows"),
                width=24,
            )
        )
        .with_row(row("Cảnh báo và tin nhắn / Alerts and messages"))
        .with_panel(
            lines(
                "Bước của cảnh báo / Alert transitions",
                query(f"sum by (class, transition) ({of.TRANSITIONS_TOTAL.name})", "{{class}} · {{transition}}"),
            )
        )
        .with_panel(
            lines(
                "Tin nhắn theo kết cục / Messages by outcome",
                query(f"sum by (outcome) ({of.NOTICES_TOTAL.name})", "{{outcome}}"),
                query(f"sum({of.NOTICES_PENDING.name})", "pending"),
            )
        )
        .with_panel(time_table("Phiên bản / Versions", of.BUILD_INFO.name, width=24, height=5))
    )


def quantile(metric: of.Metric, share: float) -> str:
    """A quantile by stage of one of our histograms."""
    return f"histogram_quantile({share}, sum by (stage, le) (rate({metric.name}_bucket[$__rate_interval])))"


def road_quantile(share: float) -> str:
    """A quantile of the whole road, over all workers."""
    return f"histogram_quantile({share}, sum by (le) (rate({of.VALUE_LATENCY_SECONDS.name}_bucket[$__rate_interval])))"


def rate(metric: of.Metric, by: str, selector: str = "") -> str:
    """Events a second of a counter, over all workers."""
    return f"sum by ({by}) (rate({metric.name}{selector}[$__rate_interval]))"
