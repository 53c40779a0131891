using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Publishing;

namespace FopWatch.Webhooks;

/// <summary>Where the events of the log are posted to; validated. Equal to another with the same settings.</summary>
public sealed record Webhook
{
    /// <summary>Its name: 1 to 64 of <c>A-Z a-z 0-9 _ -</c>. Its place in the log belongs to the name.</summary>
    public required string Name { get; init; }

    /// <summary>The URL. It has no user and no fragment.</summary>
    public required Uri Url { get; init; }

    /// <summary>The secrets, at least one. Every request is signed with each of them.</summary>
    public required EquatableList<WebhookSecret> Secrets { get; init; }

    /// <summary>The CloudEvents types that are sent; none for all.</summary>
    public EquatableList<string> Types { get; init; } = [];

    /// <summary>The names of the sources whose events are sent; none for all.</summary>
    public EquatableList<string> Sources { get; init; } = [];

    /// <summary>The states of the job whose events are sent; none for all.</summary>
    public EquatableList<JobState> States { get; init; } = [];

    /// <summary>Whether addresses that are not public may be connected to, and whether the URL may begin with <c>http</c>.</summary>
    public bool AllowPrivate { get; init; }

    /// <summary>The URL as it may be shown: the values of its query are left out, since they may be secrets.</summary>
    public string ShownUrl => ShownUrls.Of(Url);

    /// <summary>Whether an event of the log is sent.</summary>
    public bool Wants(LoggedEvent logged)
    {
        ArgumentNullException.ThrowIfNull(logged);
        return (Types.Count == 0 || Types.Contains(logged.Type))
            && (Sources.Count == 0 || Sources.Contains(logged.Key.Source))
            && (States.Count == 0 || (EventState.Of(logged.Body.Span) is { } state && States.Contains(state)));
    }
}
