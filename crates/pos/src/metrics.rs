//! `/metrics`: the engine's figures as Prometheus reads them (text format 0.0.4).

use std::fmt::Write;

use axum::extract::State;
use axum::http::{HeaderName, header};
use timbre_agent::Agent;
use timbre_agent::figures::{Figures, KindFigures};
use timbre_agent::gauges::Durations;

use crate::api::{Answer, apart};

const KIND: &str = "text/plain; version=0.0.4; charset=utf-8";

#[utoipa::path(
    get,
    path = "/v1/metrics",
    summary = "Las cifras para Prometheus",
    responses((status = 200, description = "Hecho", body = String, content_type = "text/plain"))
)]
pub(crate) async fn metrics(State(agent): State<Agent>) -> Answer<([(HeaderName, &'static str); 1], String)> {
    let page = apart(move || {
        let now = agent.now();
        Ok(page(&agent.figures()?, now.as_second()))
    })
    .await?;
    Ok(([(header::CONTENT_TYPE, KIND)], page))
}

/// One page of text; `now` in seconds since 1970.
fn page(figures: &Figures, now: i64) -> String {
    let mut page = Page(String::new());
    let stats = &figures.stats;
    page.head("timbre_documents", "gauge", "Documents by type and state.");
    for (kind, of) in &figures.kinds {
        for (state, many) in &of.states {
            page.line("timbre_documents", &[("type", kind), ("state", state)], *many as f64);
        }
    }
    page.kinds(
        figures,
        "timbre_queue_documents",
        "gauge",
        "Documents that the SII may not have yet.",
        |of| Some(of.open),
    );
    page.kinds(figures, "timbre_queue_oldest_seconds", "gauge", "Age of the oldest of them.", |of| {
        Some(of.oldest)
    });
    page.kinds(
        figures,
        "timbre_deadlines_near",
        "gauge",
        "Of them, those with 80 % of their legal term gone or more, and not all of it.",
        |of| Some(of.deadlines?.0),
    );
    page.kinds(figures, "timbre_deadlines_over", "gauge", "Of them, those past their legal term.", |of| {
        Some(of.deadlines?.1)
    });
    page.kinds(
        figures,
        "timbre_deadlines_missed_total",
        "counter",
        "Documents that the SII did not have at the end of their legal term, since the folder was made.",
        |of| of.deadlines.map(|_| of.missed),
    );
    page.head("timbre_folios_left", "gauge", "Folios left, by type.");
    for (series, left) in &stats.folios_left {
        page.line("timbre_folios_left", &[("type", series)], *left as f64);
    }
    page.head("timbre_attention_documents", "gauge", "Documents that need a person.");
    page.line("timbre_attention_documents", &[], stats.errors as f64);
    page.head(
        "timbre_deadline_seconds",
        "gauge",
        "Seconds to the nearest legal term; negative once it is over.",
    );
    if let Some(deadline) = &stats.deadline
        && let Ok(at) = deadline.at.parse::<jiff::Timestamp>()
    {
        page.line("timbre_deadline_seconds", &[], (at.as_second() - now) as f64);
    }
    page.head("timbre_workers_active", "gauge", "Conversations with the SII in course.");
    page.line("timbre_workers_active", &[], f64::from(stats.workers_active));
    page.head("timbre_fsyncs_total", "counter", "Fsyncs of the journal since the start.");
    page.line("timbre_fsyncs_total", &[], stats.fsyncs as f64);
    page.durations("timbre_issue_seconds", "From a sale to its answer.", &[(&[], &figures.issue)]);
    page.durations("timbre_fsync_seconds", "An fsync of the journal.", &[(&[], &figures.fsync)]);
    page.durations(
        "timbre_commit_seconds",
        "From an append to the end of its fsync.",
        &[(&[], &figures.commit)],
    );
    let answers: Vec<_> = figures
        .answers
        .iter()
        .map(|(what, class, took)| ([("asked", *what), ("class", class.word())], took))
        .collect();
    let answers: Vec<(&[(&str, &str)], &Durations)> =
        answers.iter().map(|(labels, took)| (labels.as_slice(), *took)).collect();
    page.durations("timbre_sii_answer_seconds", "Answers of the SII, by what was asked and class.", &answers);
    page.0
}

struct Page(String);

impl Page {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        // A string takes all that is written to it.
        let _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    fn line(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        let labels: Vec<_> =
            labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.0, "{name}{labels} {value}");
    }

    /// A line for each type that it can be said of.
    fn kinds(
        &mut self,
        figures: &Figures,
        name: &str,
        kind: &str,
        help: &str,
        of: impl Fn(&KindFigures) -> Option<u64>,
    ) {
        self.head(name, kind, help);
        for (series, figures) in &figures.kinds {
            if let Some(value) = of(figures) {
                self.line(name, &[("type", series)], value as f64);
            }
        }
    }

    fn durations(&mut self, name: &str, help: &str, all: &[(&[(&str, &str)], &Durations)]) {
        self.head(name, "histogram", help);
        for (labels, took) in all {
            let bucket = format!("{name}_bucket");
            for (bound, many) in &took.buckets {
                self.line(&bucket, &[*labels, &[("le", &bound.to_string())]].concat(), *many as f64);
            }
            self.line(&bucket, &[*labels, &[("le", "+Inf")]].concat(), took.count as f64);
            self.line(&format!("{name}_sum"), labels, took.sum);
            self.line(&format!("{name}_count"), labels, took.count as f64);
        }
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_as_prometheus_reads_it() {
        let mut page = Page(String::new());
        page.line("a", &[], 3.0);
        page.line("b", &[("x", "di\"ce\\")], 0.5);
        assert_eq!(page.0, "a 3\nb{x=\"di\\\"ce\\\\\"} 0.5\n");
    }
}
