using FopWatch.Settings;

namespace FopWatch.Api;

/// <summary>
/// Says which right an endpoint needs. One without it that is not open to all (<see cref="OpenToAllAttribute"/>) is refused to everybody.
/// </summary>
/// <param name="rights">The right.</param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class NeedsAttribute(KeyRights rights) : Attribute
{
    /// <summary>The right.</summary>
    public KeyRights Rights { get; } = rights;

    /// <summary>
    /// Whether it needs a caller who sees every source, because the endpoint answers for all sources at once. All other endpoints look at the
    /// <see cref="Caller"/> and leave out what the caller does not see.
    /// </summary>
    public bool EverySource { get; init; }
}
