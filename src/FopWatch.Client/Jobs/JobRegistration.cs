using FopWatch.Contracts;

namespace FopWatch.Client;

/// <summary>A job to register.</summary>
public sealed record JobRegistration
{
    /// <summary>The name of its source.</summary>
    public required string Source { get; init; }

    /// <summary>The <c>persistentId</c> that the provider answered.</summary>
    public required string Id { get; init; }

    /// <summary>What every event about the job is to carry, up to 4 KB over all registrations of a job; null for nothing.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>From now to the first poll, up to 9 days; null for what the source's settings say.</summary>
    public TimeSpan? FirstPollAfter { get; init; }
}

/// <summary>A registered job.</summary>
public sealed record RegisteredJob
{
    /// <summary>Its source.</summary>
    public required string Source { get; init => field = Given.NotNull(value); }

    /// <summary>Its id.</summary>
    public required string Id { get; init => field = Given.NotNull(value); }

    /// <summary>How it stands: it may be settled already.</summary>
    public required JobState State { get; init; }

    /// <summary>Its path at the host.</summary>
    public required string Href { get; init => field = Given.NotNull(value); }
}

/// <summary>What became of one of several registrations.</summary>
public sealed record RegistrationResult
{
    /// <summary>The registration.</summary>
    public required JobRegistration Registration { get; init; }

    /// <summary>The job; null if it was not registered.</summary>
    public RegisteredJob? Job { get; init; }

    /// <summary>Why it was not registered, with pointers into the registration such as <c>/id</c>; empty if it was.</summary>
    public IReadOnlyList<ProblemElement> Errors { get; init; } = [];

    /// <summary>Whether it was registered.</summary>
    public bool IsRegistered => Job is not null;
}

/// <summary>Where registered jobs are, in the order in which they were given.</summary>
internal sealed record RegisteredJobs
{
    public required IReadOnlyList<RegisteredJob> Jobs { get; init => field = Given.Whole(value); }
}
