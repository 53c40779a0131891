using FopWatch.Contracts;
using FopWatch.Providers.Qiniu;
using FopWatch.Providers.Wangsu;

namespace FopWatch.Providers;

/// <summary>The provider of each kind. Providers are stateless, so there is one instance per kind.</summary>
public static class ProviderKinds
{
    private static readonly QiniuProvider Qiniu = new();
    private static readonly WangsuFmgrProvider WangsuFmgr = new();
    private static readonly WangsuFopsProvider WangsuFops = new();

    // Lazy, because static fields are initialised in textual order: a provider whose field follows this one would be null in it.
    private static readonly Lazy<IProvider[]> All = new(() => [.. Enum.GetValues<ProviderKind>().Select(For)]);

    /// <summary>The provider of a kind.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The kind is unknown.</exception>
    public static IProvider For(ProviderKind kind) => kind switch
    {
        ProviderKind.Qiniu => Qiniu,
        ProviderKind.WangsuFmgr => WangsuFmgr,
        ProviderKind.WangsuFops => WangsuFops,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "There is no such kind of provider."),
    };

    /// <summary>
    /// Whether the signatures of any kind cover a header. A quarantined notification is stored with the headers of every kind, because its source may have
    /// the wrong kind and be corrected before it is verified again.
    /// </summary>
    public static bool SignsHeader(string name)
    {
        foreach (var provider in All.Value)
        {
            if (provider.SignsHeader(name))
                return true;
        }

        return false;
    }

    /// <summary>Builds a URL from an endpoint, which may have a base path, a path and an id.</summary>
    internal static Uri StatusUri(Uri endpoint, string pathAndParameter, string id) =>
        new($"{endpoint.GetLeftPart(UriPartial.Path).TrimEnd('/')}/{pathAndParameter}={Uri.EscapeDataString(id)}");
}
