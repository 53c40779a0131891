using System.Globalization;
using System.Text.Json;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Simulator;

namespace FopWatch.Functions.Tests.Running;

/// <summary>The true outcome of a job, and the one recorded by the app.</summary>
internal sealed class WatchedJob(SimulatedJob truth)
{
    public SimulatedJob Truth { get; } = truth;

    public JobKey Key { get; } = new(
        truth.Shape switch
        {
            BodyShape.WangsuFmgr => "files",
            BodyShape.WangsuFops => "video",
            _ => "media",
        },
        truth.Id);

    public JobRecord? Recorded { get; set; }

    /// <summary>A description for investigating a failure.</summary>
    public string Describe(SimulatorCounters counters)
    {
        var deliveries = counters.Deliveries(Key.Id).Select(sent => $"{sent.Kind} {sent.At:HH:mm:ss} {sent.Status?.ToString(CultureInfo.InvariantCulture) ?? "-"}");
        return $"{Key}, {Truth.Shape}, {Truth.Faults}, status API: {string.Join(' ', Truth.Faults.Status)}; "
            + $"registered {Recorded?.RegisteredAt:HH:mm:ss}, settled {Recorded?.SettledAt:HH:mm:ss}, {Recorded?.Polls} polls; {string.Join(", ", deliveries)}";
    }

    public IEnumerable<string> Differences(ReceivedEvents received)
    {
        if (Recorded is null)
        {
            yield return "not recorded";
            yield break;
        }

        if (!Recorded.Settled)
            yield return "not settled";
        var state = JsonNamingPolicy.CamelCase.ConvertName(Recorded.State.ToString());
        if (state != Truth.ExpectedState)
            yield return $"recorded {state} instead of {Truth.ExpectedState}";

        var counts = Recorded.Counts;
        var skipped = counts.Total - counts.Succeeded - counts.Failed - counts.Running;
        if (!Truth.Unobtainable && new ExpectedCounts(counts.Total, counts.Succeeded, counts.Failed, skipped) != Truth.ExpectedCounts)
            yield return $"recorded {counts} instead of {Truth.ExpectedCounts}";

        if (received.SettledEvents(Key) is not [.., var last])
            yield return "no settled event";
        else if (last.Data.State != Recorded.State || last.Data.Counts != Recorded.Counts)
            yield return $"the last settled event says {last.Data.State}, {last.Data.Counts}";

        foreach (var secret in Truth.Items.Select(item => item.Secret).OfType<string>())
        {
            if (Recorded.Items.Any(item => item.Command.Contains(secret, StringComparison.Ordinal)))
                yield return "an encryption key was recorded";
        }
    }
}
