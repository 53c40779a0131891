using FopWatch.Settings;
using Microsoft.Extensions.Configuration;

namespace FopWatch.Api;

/// <summary>Settings as whoever wrote them spelled their names.</summary>
public static class WrittenSettings
{
    /// <summary>
    /// All settings below <see cref="FopWatchSettings.Section"/>, for <see cref="FopWatchSettings"/>. Names of configurations have no
    /// case, and where the settings file says <c>media</c> and a variable of the environment <c>MEDIA</c>, asking the configuration
    /// as a whole gives one of them. So each provider is asked for its own, and the one that overrides all others comes last.
    /// </summary>
    public static IEnumerable<KeyValuePair<string, string?>> Of(IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        return configuration is IConfigurationRoot root
            ? root.Providers.SelectMany(provider => Below(provider, FopWatchSettings.Section))
            : configuration.GetSection(FopWatchSettings.Section).AsEnumerable(makePathsRelative: true);
    }

    private static IEnumerable<KeyValuePair<string, string?>> Below(IConfigurationProvider provider, string path)
    {
        foreach (var child in provider.GetChildKeys([], path).Distinct(StringComparer.Ordinal))
        {
            var name = $"{path}:{child}";
            if (provider.TryGet(name, out var value))
                yield return new(name[(FopWatchSettings.Section.Length + 1)..], value);
            foreach (var below in Below(provider, name))
                yield return below;
        }
    }
}
