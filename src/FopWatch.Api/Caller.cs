using System.Security.Claims;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Settings;
using Microsoft.AspNetCore.Http;

namespace FopWatch.Api;

/// <summary>
/// The sender of a request. A handler takes it as a parameter and uses <see cref="Visible(Providers.Sources)"/>, <see cref="Restrict"/> and
/// <see cref="Visible(IQuarantine)"/> in place of the sources, the query and the quarantine. Data that the caller may not see then seems not to exist.
/// </summary>
/// <param name="grant">What the caller's key allows.</param>
public sealed class Caller(KeyGrant grant) : ClaimsPrincipal
{
    private readonly HashSet<string>? _sources = grant.Sources?.ToHashSet(StringComparer.Ordinal);

    /// <summary>A caller without a named key, with all rights on all sources.</summary>
    public static Caller Unrestricted { get; } = new(new(null, KeyRights.Write, null));

    /// <summary>The name of the caller's key; null if the key has none or no key was needed.</summary>
    public string? Name => grant.Name;

    /// <summary>What the caller may do.</summary>
    public KeyRights Rights => grant.Rights;

    /// <summary>The sources that the caller sees; null for all.</summary>
    public IReadOnlyList<string>? Sources => grant.Sources;

    /// <summary>Whether the caller sees the whole installation and all sources, including sources no longer configured.</summary>
    public bool SeesEverything => _sources is null;

    /// <summary>Whether another caller may see and do exactly the same.</summary>
    public bool MayDoAs(Caller other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Rights == other.Rights && (_sources is null ? other._sources is null : other._sources is not null && _sources.SetEquals(other._sources));
    }

    /// <summary>Binds the parameter of a handler; null at an endpoint that is open to all.</summary>
    public static ValueTask<Caller?> BindAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return new(context.User as Caller);
    }

    /// <summary>Whether the caller sees a source.</summary>
    /// <param name="source">The name of the source; null for the whole installation.</param>
    public bool Sees(string? source) => _sources is null || (source is not null && _sources.Contains(source));

    /// <summary>The configured sources that the caller sees.</summary>
    public Sources Visible(Sources sources)
    {
        ArgumentNullException.ThrowIfNull(sources);
        return _sources is null ? sources : new(sources.All.Where(source => Sees(source.Name)));
    }

    /// <summary>A query of jobs, limited to the sources that the caller sees.</summary>
    public JobQuery Restrict(JobQuery query)
    {
        ArgumentNullException.ThrowIfNull(query);
        return _sources is null ? query : query with { Within = [.. _sources] };
    }

    /// <summary>The quarantine, limited to the sources that the caller sees.</summary>
    public IQuarantine Visible(IQuarantine quarantine) => _sources is null ? quarantine : new VisibleQuarantine(quarantine, _sources);
}
