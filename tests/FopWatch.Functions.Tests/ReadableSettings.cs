using Azure.Identity;
using Microsoft.Extensions.Configuration;

namespace FopWatch.Functions.Tests;

/// <summary>The settings of a cloud host that are right, but for what a test gives.</summary>
internal static class ReadableSettings
{
    public static CloudSettings Read(params (string Name, string Value)[] settings)
    {
        var all = new Dictionary<string, string?>
        {
            ["AzureWebJobsStorage"] = "UseDevelopmentStorage=true",
            ["FopWatch:Sources:media:Provider"] = "Qiniu",
            ["FopWatch:Sources:media:NotifyTokens:0"] = "abcdefgh",
        };
        foreach (var (name, value) in settings)
            all[name] = value;
        return CloudSettings.Read(new ConfigurationBuilder().AddInMemoryCollection(all).Build(), new DefaultAzureCredential());
    }
}
