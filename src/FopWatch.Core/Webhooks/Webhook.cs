using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Publishing;

namespace FopWatch.Webhooks;

/// <summary>A validated webhook: a receiver to which the events of the log are posted. Two webhooks with the same settings are equal.</summary>
public sealed record Webhook
{
    /// <summary>The name: 1 to 64 of <c>A-Z a-z 0-9 _ -</c>. The position in the log is stored under the name.</summary>
    public required string Name { get; init; }

    /// <summary>The URL of the receiver. It has no user and no fragment.</summary>
    public required Uri Url { get; init; }

    /// <summary>The secrets, at least one. Every request carries a signature for each.</summary>
    public required EquatableList<WebhookSecret> Secrets { get; init; }

    /// <summary>The CloudEvents types to send; empty for all.</summary>
    public EquatableList<string> Types { get; init; } = [];

    /// <summary>The names of the sources whose events to send; empty for all.</summary>
    public EquatableList<string> Sources { get; init; } = [];

    /// <summary>The job states whose events to send; empty for all.</summary>
    public EquatableList<JobState> States { get; init; } = [];

    /// <summary>Whether the receiver may have a private address, and the URL may begin with <c>http</c>.</summary>
    public bool AllowPrivate { get; init; }

    /// <summary>The URL without the values of its query, which may be secrets.</summary>
    public string ShownUrl => ShownUrls.Of(Url);

    /// <summary>Whether an event of the log passes the filters.</summary>
    public bool Wants(LoggedEvent logged)
    {
        ArgumentNullException.ThrowIfNull(logged);
        return (Types.Count == 0 || Types.Contains(logged.Type))
            && (Sources.Count == 0 || Sources.Contains(logged.Key.Source))
            && (States.Count == 0 || (EventState.Of(logged.Body.Span) is { } state && States.Contains(state)));
    }
}
