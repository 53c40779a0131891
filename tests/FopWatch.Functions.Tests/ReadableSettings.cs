using Azure.Identity;
using Microsoft.Extensions.Configuration;

namespace FopWatch.Functions.Tests;

/// <summary>Valid settings of a cloud host, except for those given by a test.</summary>
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
