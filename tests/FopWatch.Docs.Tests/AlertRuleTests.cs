namespace FopWatch.Docs.Tests;

/// <summary>The alert rules of docs/metrics.md, evaluated by Prometheus' promtool.</summary>
public sealed class AlertRuleTests
{
    /// <summary>
    /// A source whose counters begin after 10 minutes with a value and keep it, one that restarts, one that does not change but for a failed scrape, and one that does not
    /// change while Prometheus is away for 20 minutes.
    /// </summary>
    private const string Cases = """
        rule_files: [rules.yml]
        evaluation_interval: 30s
        tests:
          - interval: 30s
            input_series:
              - {series: 'fopwatch_notifications_failed_total{source="new"}', values: '_x20 1x400'}
              - {series: 'fopwatch_notifications_shed_total{source="new", reason="too large"}', values: '_x20 1x400'}
              - {series: 'fopwatch_jobs_settled_total{source="new", state="Expired"}', values: '_x20 1x400'}
              - {series: 'fopwatch_jobs_settled_total{source="restarted", state="Expired"}', values: '3x200 stale _x20 1x200'}
              - {series: 'fopwatch_notifications_total{source="new", result="Quarantined"}', values: '_x20 9x400'}
              - {series: 'fopwatch_notifications_total{source="old", result="Quarantined"}', values: '50x200 stale 50x400'}
              - {series: 'fopwatch_notifications_failed_total{source="unseen"}', values: '7x200 stale _x40 7x400'}
              - {series: 'fopwatch_jobs_settled_total{source="unseen", state="Expired"}', values: '3x200 stale _x40 3x400'}
              - {series: 'fopwatch_notifications_total{source="unseen", result="Quarantined"}', values: '500x200 stale _x40 500x400'}
            alert_rule_test:
              - {eval_time: 9m, alertname: FopWatchNotificationsFail, exp_alerts: []}
              - {eval_time: 11m, alertname: FopWatchNotificationsFail, exp_alerts: [{exp_labels: {source: new}}]}
              - {eval_time: 17m, alertname: FopWatchNotificationsFail, exp_alerts: []}
              - {eval_time: 11m, alertname: FopWatchNotificationsAreTurnedAway, exp_alerts: [{exp_labels: {source: new, reason: too large}}]}
              - {eval_time: 24m, alertname: FopWatchNotificationsAreTurnedAway, exp_alerts: [{exp_labels: {source: new, reason: too large}}]}
              - {eval_time: 27m, alertname: FopWatchNotificationsAreTurnedAway, exp_alerts: []}
              - {eval_time: 69m, alertname: FopWatchJobsExpire, exp_alerts: [{exp_labels: {source: new}}]}
              - {eval_time: 100m, alertname: FopWatchJobsExpire, exp_alerts: []}
              - {eval_time: 115m, alertname: FopWatchJobsExpire, exp_alerts: [{exp_labels: {source: restarted}}]}
              - {eval_time: 69m, alertname: FopWatchQuarantineGrows, exp_alerts: [{exp_labels: {source: new}}]}
              - {eval_time: 100m30s, alertname: FopWatchQuarantineGrows, exp_alerts: []}
              - {eval_time: 160m30s, alertname: FopWatchQuarantineGrows, exp_alerts: []}
              - {eval_time: 122m, alertname: FopWatchNotificationsFail, exp_alerts: []}
              - {eval_time: 125m, alertname: FopWatchNotificationsFail, exp_alerts: []}
              - {eval_time: 178m, alertname: FopWatchQuarantineGrows, exp_alerts: []}
              - {eval_time: 178m, alertname: FopWatchJobsExpire, exp_alerts: []}
        """;

    [Fact]
    public async Task The_rules_report_a_first_increment_once_and_no_counter_that_stands_still()
    {
        Assert.SkipUnless(Need.IsOnPath("promtool"), "promtool is not on the PATH (Debian package prometheus).");
        using var folder = new TempFolder();
        var rules = Assert.Single(
            Markdown.BlocksOfRepository(), block => block is { Document: "docs/metrics.md", Language: "yaml" } && block.Text.StartsWith("groups:", StringComparison.Ordinal));
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "rules.yml"), rules.Text, TestContext.Current.CancellationToken);
        var cases = Path.Combine(folder.FullName, "cases.yml");
        await File.WriteAllTextAsync(cases, Cases, TestContext.Current.CancellationToken);

        await using var run = new RunningCommand(new("promtool", ["test", "rules", cases])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        });
        var exit = await run.ExitAsync(TestContext.Current.CancellationToken);

        Assert.True(exit == 0, run.Output + run.Errors);
    }
}
