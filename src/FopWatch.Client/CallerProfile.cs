using System.Text.Json.Serialization;
using FopWatch.Contracts;

namespace FopWatch.Client;

/// <summary>The rights of an API key.</summary>
[JsonConverter(typeof(OpenEnumConverter<KeyRights>))]
public enum KeyRights
{
    /// <summary>A value from a newer host that this version does not know.</summary>
    Unknown,

    /// <summary>Read jobs, events and the quarantine.</summary>
    Read,

    /// <summary>Read, register jobs and act on them.</summary>
    Write,
}

/// <summary>Which host it is.</summary>
[JsonConverter(typeof(OpenEnumConverter<HostKind>))]
public enum HostKind
{
    /// <summary>A value from a newer host that this version does not know.</summary>
    Unknown,

    /// <summary>One process with SQLite.</summary>
    Embedded,

    /// <summary>An Azure Functions app.</summary>
    Cloud,
}

/// <summary>The rights of the caller, and the kind of host.</summary>
public sealed record CallerProfile
{
    /// <summary>
    /// The name of the caller's API key; null for the key with all rights, for a function key, and if no key is required.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? Name { get; init; }

    /// <summary>The rights of the caller.</summary>
    public required KeyRights Rights { get; init; }

    /// <summary>The sources that the caller may see; null for all.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public IReadOnlyList<string>? Sources { get; init => field = value is null ? null : Given.Whole(value); }

    /// <summary>Which host it is.</summary>
    public required HostKind Host { get; init; }

    /// <summary>The path of the event stream; null if the host has none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? Events { get; init; }

    /// <summary>The time by the host's clock.</summary>
    public required DateTimeOffset At { get; init; }
}
