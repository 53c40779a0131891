using FopWatch.Contracts;

namespace FopWatch.Client;

/// <summary>What one who follows the events learns.</summary>
public abstract record EventStreamItem
{
    private protected EventStreamItem()
    {
    }

    /// <summary>
    /// Where the stream goes on after this: keep it, in the same transaction as what the item led to, and give it to
    /// <see cref="IFopWatchClient.EventsAsync"/> when the program starts again. Null as long as none is known.
    /// </summary>
    public string? Cursor { get; init; }
}

/// <summary>The stream is open. What happens from here on will be seen; where <see cref="EventStreamItem.Cursor"/> is null, what happened before will not.</summary>
public sealed record EventStreamOpened : EventStreamItem;

/// <summary>An event.</summary>
public sealed record EventReceived : EventStreamItem
{
    /// <summary>The event. It may have come before: keep the highest <see cref="JobRecord.Version"/> per source and id.</summary>
    public required JobEvent Event { get; init; }

    /// <summary>The event as the host sent it, on one line.</summary>
    public required string Json { get; init; }
}

/// <summary>An event that this version cannot read, as of a type that a newer host has. It will not come again.</summary>
public sealed record EventUnreadable : EventStreamItem
{
    /// <summary>Its type.</summary>
    public required string Type { get; init; }

    /// <summary>The event as the host sent it, on one line.</summary>
    public required string Json { get; init; }

    /// <summary>Why it cannot be read, in English.</summary>
    public required string Reason { get; init; }
}

/// <summary>The stream has gone on past events that are not for this caller, or has told its place for the first time. Only the cursor is new.</summary>
public sealed record EventCursorMoved : EventStreamItem;

/// <summary>Events that were not seen are deleted at the host: read the list of jobs to catch up. What follows is whole again.</summary>
public sealed record EventsPurged : EventStreamItem
{
    /// <summary>What the host says of it: the place of the oldest event that is left (<c>before</c>) and the position to get it with (<c>resume</c>).</summary>
    public required string Json { get; init; }
}

/// <summary>
/// The event log of the host is not the one that the cursor is of: its data folder was replaced, or restored from a backup. Every event since the two logs
/// differ follows.
/// </summary>
public sealed record EventsRestarted : EventStreamItem
{
    /// <summary>What the host says of it: the place that was asked for (<c>after</c>), the last of its log (<c>last</c>), and up to where the two are the same (<c>resume</c>).</summary>
    public required string Json { get; init; }
}

/// <summary>The stream broke off, or could not be opened. It is opened again.</summary>
public sealed record EventStreamLost : EventStreamItem
{
    /// <summary>Why.</summary>
    public required FopWatchUnreachableException Failure { get; init; }

    /// <summary>When it is opened again.</summary>
    public required TimeSpan RetryIn { get; init; }
}
