using System.Text.Json;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Simulator;

namespace FopWatch.Local.Demo;

/// <summary>One job of the demo: its true outcome, and what FopWatch recorded and published.</summary>
internal sealed class DemoJob(SimulatedJob truth, string source, PlantedSecrets secrets)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<long, JobEvent> _events = [];
    private bool _publishedSecret;

    public SimulatedJob Truth { get; } = truth;

    public JobKey Key { get; } = new(source, truth.Id);

    /// <summary>The job in the HTTP API at the end.</summary>
    public JobRecord? Recorded { get; set; }

    /// <summary>A description of an event that came under two ids, which no subscriber could detect; null if there was none.</summary>
    public string? EventProblem { get; private set; }

    /// <summary>The settled event with the highest version; null if none has arrived.</summary>
    public JobRecord? Published
    {
        get
        {
            lock (_lock)
                return _events.Values.Where(e => e.Type == JobEvent.SettledType).MaxBy(e => e.Data.Version)?.Data;
        }
    }

    /// <summary>The number of different settled events; 1 is expected.</summary>
    public int SettledEvents
    {
        get
        {
            lock (_lock)
                return _events.Values.Count(e => e.Type == JobEvent.SettledType);
        }
    }

    /// <param name="received">The event.</param>
    /// <param name="json">Its JSON as received.</param>
    public void Take(JobEvent received, string json)
    {
        var hasSecret = secrets.AreInJson(json);
        lock (_lock)
        {
            if (_events.TryGetValue(received.Data.Version, out var known) && known.Id != received.Id)
                EventProblem = $"version {received.Data.Version} came as {known.Id} and as {received.Id}";
            _events[received.Data.Version] = received;
            _publishedSecret |= hasSecret;
        }
    }

    /// <summary>The differences from the expected outcome, in words; empty if there are none.</summary>
    public IEnumerable<string> Differences()
    {
        if (Recorded is null)
        {
            yield return "not recorded";
            yield break;
        }

        var state = WireNames.Of(Recorded.State);
        if (state != Truth.ExpectedState)
            yield return $"recorded {state} instead of {Truth.ExpectedState}";
        if (!Recorded.Settled)
            yield return "not settled";

        var (counts, expected) = (Recorded.Counts, Truth.ExpectedCounts);
        var skipped = counts.Total - counts.Succeeded - counts.Failed - counts.Running;
        if (!Truth.Unobtainable && new ExpectedCounts(counts.Total, counts.Succeeded, counts.Failed, skipped) != expected)
            yield return $"recorded {counts} instead of {expected}";
        foreach (var difference in ItemDifferences(Recorded))
            yield return $"recorded {difference}";

        if (Published is not { } published)
        {
            yield return "no settled event";
        }
        else
        {
            if (published.State != Recorded.State)
                yield return $"published {published.State} but recorded {Recorded.State}";
            foreach (var difference in ItemDifferences(published))
                yield return $"published {difference}";
        }

        if (SettledEvents > 1)
            yield return $"settled {SettledEvents} times";
        if (EventProblem is { } problem)
            yield return problem;
        if (secrets.AreInJson(JsonSerializer.Serialize(Recorded, ContractsJson.Wire.JobRecord)))
            yield return "recorded a secret of a command";
        if (_publishedSecret)
            yield return "published a secret of a command";
    }

    private IEnumerable<string> ItemDifferences(JobRecord job)
    {
        var missing = Truth.ExpectedItems.Select(item => Describe(item.State, item.OutputKeys, item.Suggestion)).ToList();
        var surplus = job.Items.Select(item => Describe(WireNames.Of(item.State), item.Outputs.Select(output => output.Key ?? ""), SuggestionOf(item.Result))).ToList();
        surplus.RemoveAll(missing.Remove);
        return missing.Select(item => $"no item that {item}").Concat(surplus.Select(item => $"an item that {item}"));
    }

    private static string Describe(string state, IEnumerable<string> outputs, string? suggestion) =>
        $"{state} with [{string.Join(", ", outputs.Order(StringComparer.Ordinal))}]" + (suggestion is null ? "" : $" and suggests {suggestion}");

    /// <summary>The overall verdict of an audit, which follows its frames.</summary>
    private static string? SuggestionOf(JsonElement? result) =>
        result is { ValueKind: JsonValueKind.Object } answer
        && answer.TryGetProperty("result", out var audit)
        && audit.ValueKind == JsonValueKind.Object
        && audit.TryGetProperty("suggestion", out var suggestion)
            ? suggestion.ToString()
            : null;
}
