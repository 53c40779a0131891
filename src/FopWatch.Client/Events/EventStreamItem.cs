using FopWatch.Contracts;

namespace FopWatch.Client;

/// <summary>An item of the event stream.</summary>
public abstract record EventStreamItem
{
    private protected EventStreamItem()
    {
    }

    /// <summary>
    /// The position after this item. Store it in the same transaction as the effect of the item, and pass it to
    /// <see cref="IFopWatchClient.EventsAsync"/> when the program restarts. Null if it is not known yet.
    /// </summary>
    public string? Cursor { get; init; }
}

/// <summary>
/// The stream is open. All later events will be received. If <see cref="EventStreamItem.Cursor"/> is null, earlier events will not.
/// </summary>
public sealed record EventStreamOpened : EventStreamItem;

/// <summary>An event.</summary>
public sealed record EventReceived : EventStreamItem
{
    /// <summary>The event. It can be a repetition: per source and id, keep the one with the latest <see cref="JobRecord.RegisteredAt"/> and, of these, the highest <see cref="JobRecord.Version"/>.</summary>
    public required JobEvent Event { get; init; }

    /// <summary>The event as the host sent it, on one line.</summary>
    public required string Json { get; init; }
}

/// <summary>An event that this version cannot read, for example one of a newer type. It is not sent again.</summary>
public sealed record EventUnreadable : EventStreamItem
{
    /// <summary>The type of the event.</summary>
    public required string Type { get; init; }

    /// <summary>The event as the host sent it, on one line.</summary>
    public required string Json { get; init; }

    /// <summary>Why the event cannot be read, in English.</summary>
    public required string Reason { get; init; }
}

/// <summary>The stream has passed events that are not for this caller, or has sent its first position. Only the cursor is new.</summary>
public sealed record EventCursorMoved : EventStreamItem;

/// <summary>
/// The host has deleted events that were not received. Read the list of jobs to catch up. The events that follow are complete.
/// </summary>
public sealed record EventsPurged : EventStreamItem
{
    /// <summary>
    /// The details from the host: the number of the oldest event left (<c>before</c>), and the position from which to receive it
    /// (<c>resume</c>).
    /// </summary>
    public required string Json { get; init; }
}

/// <summary>
/// The cursor belongs to another event log: the host's data folder was replaced, or restored from a backup. Every event since the two logs
/// differ follows.
/// </summary>
public sealed record EventsRestarted : EventStreamItem
{
    /// <summary>
    /// The details from the host: the number of the requested position (<c>after</c>), the number of the last event of its log (<c>last</c>), and the position up to which
    /// the two logs are the same (<c>resume</c>).
    /// </summary>
    public required string Json { get; init; }
}

/// <summary>The stream broke off or could not be opened. The client reopens it.</summary>
public sealed record EventStreamLost : EventStreamItem
{
    /// <summary>The reason.</summary>
    public required FopWatchUnreachableException Failure { get; init; }

    /// <summary>The time until the stream is reopened.</summary>
    public required TimeSpan RetryIn { get; init; }
}
