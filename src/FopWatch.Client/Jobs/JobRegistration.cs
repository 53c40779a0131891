using FopWatch.Contracts;

namespace FopWatch.Client;

/// <summary>A job to register.</summary>
public sealed record JobRegistration
{
    /// <summary>The name of the source.</summary>
    public required string Source { get; init; }

    /// <summary>The <c>persistentId</c> that the provider returned.</summary>
    public required string Id { get; init; }

    /// <summary>Metadata for every event about the job, up to 4 KB over all registrations of the job; null for none.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>The time until the first poll, up to 9 days; null for the setting of the source.</summary>
    public TimeSpan? FirstPollAfter { get; init; }
}

/// <summary>A registered job.</summary>
public sealed record RegisteredJob
{
    /// <summary>The source.</summary>
    public required string Source { get; init => field = Given.NotNull(value); }

    /// <summary>The id.</summary>
    public required string Id { get; init => field = Given.NotNull(value); }

    /// <summary>The state. The job may already be settled.</summary>
    public required JobState State { get; init; }

    /// <summary>The path of the job at the host.</summary>
    public required string Href { get; init => field = Given.NotNull(value); }
}

/// <summary>The result of one of several registrations.</summary>
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

/// <summary>The registered jobs, in the order of the request.</summary>
internal sealed record RegisteredJobs
{
    public required IReadOnlyList<RegisteredJob> Jobs { get; init => field = Given.Whole(value); }
}
