using System.Text.Json.Serialization;
using FopWatch.Contracts;

namespace FopWatch.Client;

/// <summary>What the holder of a key may do.</summary>
[JsonConverter(typeof(OpenEnumConverter<KeyRights>))]
public enum KeyRights
{
    /// <summary>A newer host says what this version does not know.</summary>
    Unknown,

    /// <summary>See jobs, events and what is in quarantine.</summary>
    Read,

    /// <summary>See, register and act.</summary>
    Write,
}

/// <summary>Which host it is.</summary>
[JsonConverter(typeof(OpenEnumConverter<HostKind>))]
public enum HostKind
{
    /// <summary>A newer host says what this version does not know.</summary>
    Unknown,

    /// <summary>One process with SQLite.</summary>
    Embedded,

    /// <summary>An Azure Functions app.</summary>
    Cloud,
}

/// <summary>What the caller may see and do, and which host it is.</summary>
public sealed record CallerProfile
{
    /// <summary>The name of the caller's API key; null for the key with all rights, for a function key, and where no key is needed.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? Name { get; init; }

    /// <summary>What the caller may do.</summary>
    public required KeyRights Rights { get; init; }

    /// <summary>The sources that the caller sees; null for all.</summary>
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
