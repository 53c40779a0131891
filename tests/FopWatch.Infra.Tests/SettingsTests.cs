using System.Globalization;
using System.Text.Json;
using FopWatch.Contracts;
using FopWatch.Providers;
using FopWatch.Settings;

namespace FopWatch.Infra.Tests;

/// <summary>The app settings of modules/functions.bicep against the code that reads them.</summary>
public sealed class SettingsTests
{
    private const string Prefix = "FopWatch__";

    /// <summary>A right value for every setting that a source can have.</summary>
    private static readonly Dictionary<string, string> SourceValues = new()
    {
        ["Provider"] = "WangsuFops",
        ["StatusEndpoint"] = "https://mgr.example.com",
        ["NotifyTokens__0"] = "0123456789abcdef",
        ["Keys__0__AccessKey"] = "access",
        ["Keys__0__SecretKey"] = "secret",
        ["Trust"] = "Token",
        ["Poll__First"] = "00:03:00",
        ["Poll__Factor"] = "2",
        ["Poll__Max"] = "00:20:00",
        ["Poll__Deadline"] = "5.00:00:00",
        ["Poll__PerSecond"] = "4",
    };

    private static readonly BicepFile Functions = Repository.Bicep("modules/functions.bicep");
    private static readonly BicepFile Main = Repository.Bicep("main.bicep");
    private static readonly string CloudSettings = Repository.Text("src/FopWatch.Functions/CloudSettings.cs");

    /// <summary>The settings of the cloud host's own, as CloudSettings.cs names them.</summary>
    private static readonly IReadOnlyList<string> HostSettings =
        [.. Repository.Find(CloudSettings, @"private const string \w+ = ""((?:Tables|ServiceBus):\w+)"";")];

    /// <summary>Every app setting that is written, for a source called media and the first of every list.</summary>
    private static readonly IReadOnlyList<string> Written =
    [
        .. Functions.Nodes().OfType<Text>().Select(text => text.With(inside => inside switch
            {
                Member { Of: Name { Value: "s" }, Value: "name" } => "media",
                Name { Value: "i" } => "0",
                _ => "?",
            }))
            .Concat(Functions.Nodes().OfType<Obj>().SelectMany(one => one.Names))
            .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal) && !name.Contains('*', StringComparison.Ordinal))
            .Distinct(),
    ];

    [Fact]
    public void Every_setting_of_a_source_is_one_that_the_code_reads_and_gets_through()
    {
        var written = Written.Where(name => name.StartsWith(Prefix + "Sources__", StringComparison.Ordinal)).ToList();
        Assert.Equal(SourceValues.Keys.Select(name => $"{Prefix}Sources__media__{name}").Order(), written.Order());

        var settings = FopWatchSettings.Read(written.Select(name => KeyValuePair.Create(
            name[Prefix.Length..].Replace("__", ":", StringComparison.Ordinal),
            (string?)SourceValues[name[$"{Prefix}Sources__media__".Length..]])));

        var source = Assert.Single(settings.Sources.All);
        Assert.Equal("media", source.Name);
        Assert.Equal("https://mgr.example.com/", source.StatusEndpoint.AbsoluteUri);
        Assert.True(source.Tokens.Match("0123456789abcdef"));
        Assert.Equal(TrustRule.Token, source.Trust);
        Assert.Equal(
            new() { First = TimeSpan.FromMinutes(3), Factor = 2, Max = TimeSpan.FromMinutes(20), Deadline = TimeSpan.FromDays(5), PerSecond = 4 },
            source.Poll);
    }

    [Fact]
    public void What_is_written_is_read_and_what_is_read_is_written()
    {
        var shared = Repository.Find(Repository.Text("src/FopWatch.Core/Settings/FopWatchSettings.cs"), @"reader\.(?:Url|Number|Time|Text)\(""(PublicUrl|MaxBodyBytes|Retention|\w+)""")
            .Except(["StatusEndpoint", "First", "Factor", "Max", "Deadline", "PerSecond"]);

        // The connection string is for emulators; in Azure there is no key to put into one.
        var read = shared.Concat(HostSettings).Except(["ServiceBus:ConnectionString"]).Select(name => Prefix + name.Replace(":", "__", StringComparison.Ordinal));

        Assert.NotEmpty(HostSettings);
        Assert.Equal(read.Order(), Written.Where(name => !name.StartsWith(Prefix + "Sources__", StringComparison.Ordinal)).Order());
    }

    [Fact]
    public void The_other_settings_are_those_of_the_platform_that_this_plan_takes()
    {
        var settings = Functions.The("resource", "appSettings").Body.At("properties");
        var names = settings.All().OfType<Obj>().SelectMany(one => one.Names).Where(name => !name.StartsWith(Prefix, StringComparison.Ordinal));

        Assert.Equal(
            [
                "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
                "APPLICATIONINSIGHTS_CONNECTION_STRING",
                "AZURE_CLIENT_ID",
                "AzureWebJobsStorage__accountName",
                "AzureWebJobsStorage__clientId",
                "AzureWebJobsStorage__credential",
            ],
            names.Order(StringComparer.Ordinal));

        using var host = JsonDocument.Parse(Repository.Text("host.json"));
        Assert.Equal(
            "AzureWebJobsStorage",
            host.RootElement.GetProperty("extensions").GetProperty("durableTask").GetProperty("storageProvider").GetProperty("connectionName").GetString());
        Assert.Contains("APPLICATIONINSIGHTS_CONNECTION_STRING", Repository.Code("FopWatch.Functions"), StringComparison.Ordinal);
        Assert.Contains("APPLICATIONINSIGHTS_AUTHENTICATION_STRING", Repository.Code("FopWatch.Functions"), StringComparison.Ordinal);
    }

    [Fact]
    public void Tokens_and_keys_come_from_the_vault_by_reference_and_are_nowhere_else()
    {
        var secrets = Functions.The("func", "settingsOf").Value!.All().OfType<Call>()
            .Where(call => call.Function is Name { Value: "toObject" })
            .ToDictionary(
                call => call.Arguments[1].All().OfType<Text>().First().With(_ => "?"),
                call => call.Arguments[2]);

        Assert.Equal(
            ["FopWatch__Sources__?__Keys__?__AccessKey", "FopWatch__Sources__?__Keys__?__SecretKey", "FopWatch__Sources__?__NotifyTokens__?"],
            secrets.Keys.Order(StringComparer.Ordinal));
        Assert.All(secrets.Values, value => Assert.True(value is Call { Function: Name { Value: "secret" } }));
        Assert.Equal(
            "@Microsoft.KeyVault(SecretUri=?secrets/?/)",
            Functions.The("func", "secret").Value!.All().OfType<Text>().First().With(_ => "?"));
        Assert.DoesNotContain(Main.All("param"), param => param.Has("secure"));
        Assert.DoesNotContain(Repository.AllBicep.Values.SelectMany(file => file.All("resource")), one => one.What!.Contains("vaults/secrets", StringComparison.Ordinal));
    }

    [Fact]
    public void Defaults_and_ranges_are_those_of_the_code()
    {
        var table = Repository.Text("src/FopWatch.Azure/Tables/TableStoreOptions.cs");
        var topic = Repository.Text("src/FopWatch.Azure/ServiceBus/ServiceBusPublisherOptions.cs");
        var shared = FopWatchSettings.Read([]);

        Assert.Equal(Assert.Single(Repository.Find(topic, @"DefaultTopicName = ""([^""]*)""")), Default("topicName"));
        Assert.Equal(Assert.Single(Repository.Find(table, @"TableName \{ get; init; \} = ""([^""]*)""")), Default("tableName"));
        Assert.Equal(Assert.Single(Repository.Find(table, @"int Buckets \{ get; init; \} = (\d+);")), Default("buckets"));
        Assert.Equal(("1", Assert.Single(Repository.Find(table, @"MaxBuckets = (\d+);"))), Range("buckets"));
        Assert.Equal(shared.MaxBodyBytes.ToString(CultureInfo.InvariantCulture), Default("maxBodyBytes"));
        Assert.Equal(shared.Retention, TimeSpan.Parse(Default("retention"), CultureInfo.InvariantCulture));

        var (least, most) = Range("maxBodyBytes");
        Assert.Equal(int.Parse(least, CultureInfo.InvariantCulture), Read(least));
        Assert.Equal(int.Parse(most, CultureInfo.InvariantCulture), Read(most));
        Assert.Throws<SettingsException>(() => Read((long.Parse(least, CultureInfo.InvariantCulture) - 1).ToString(CultureInfo.InvariantCulture)));
        Assert.Throws<SettingsException>(() => Read((long.Parse(most, CultureInfo.InvariantCulture) + 1).ToString(CultureInfo.InvariantCulture)));

        static int Read(string bytes) => FopWatchSettings.Read([KeyValuePair.Create("MaxBodyBytes", (string?)bytes)]).MaxBodyBytes;
    }

    [Fact]
    public void A_source_is_of_a_kind_and_trust_that_the_code_knows()
    {
        var types = Repository.Text("infra/types.bicep");

        Assert.Equal(Enum.GetNames<ProviderKind>(), Choices(@"provider: (.*)"));
        Assert.Equal(Enum.GetNames<TrustRule>(), Choices(@"trust: \((.*)\)\?"));

        IEnumerable<string> Choices(string pattern) => Repository.Find(Assert.Single(Repository.Find(types, pattern)), "'(.*?)'");
    }

    [Theory]
    [InlineData("development.bicepparam")]
    [InlineData("production.bicepparam")]
    public void The_parameter_files_set_what_there_is_and_sources_that_the_code_takes(string file)
    {
        var parameters = Repository.Bicep(file);
        Assert.Equal("main.bicep", Assert.IsType<Text>(Assert.Single(parameters.All("using")).Value).Literal);
        Assert.All(parameters.All("param"), param => Main.The("param", param.Name));
        Assert.All(Main.All("param").Where(param => param.Value is null && param.Name != "operator"), param => parameters.The("param", param.Name));

        var settings = new List<KeyValuePair<string, string?>>();
        foreach (var source in Assert.IsType<Arr>(parameters.The("param", "sources").Value).Elements.Cast<Obj>())
        {
            var name = Assert.IsType<Text>(source.At("name")).Literal;

            // Names of app settings can hold no hyphen, and two underscores begin a new level.
            Assert.Matches("^[A-Za-z0-9]+(_[A-Za-z0-9]+)*$", name);
            settings.Add(new($"Sources:{name}:Provider", Assert.IsType<Text>(source.At("provider")).Literal));
            settings.Add(new($"Sources:{name}:NotifyTokens:0", "0123456789abcdef"));
            if (source.Find("statusEndpoint") is Text endpoint)
                settings.Add(new($"Sources:{name}:StatusEndpoint", endpoint.Literal));
            foreach (var poll in source.Find("poll") is Obj found ? found.Names : [])
                settings.Add(new($"Sources:{name}:Poll:{poll}", Assert.IsType<Text>(source.At("poll", poll)).Literal));

            // What a Key Vault takes as a secret's name.
            Assert.All(
                source.Members.Where(member => member.Key is Name { Value: "notifyTokenSecrets" or "keySecrets" })
                    .SelectMany(member => member.Value.All().OfType<Text>()),
                secret => Assert.Matches("^[0-9A-Za-z-]{1,127}$", secret.Literal));
        }

        Assert.NotEmpty(FopWatchSettings.Read(settings).Sources.All);
    }

    private static string Default(string parameter) => Main.The("param", parameter).Value switch
    {
        Text text => text.Literal,
        Number number => number.Value,
        _ => throw new FormatException($"The parameter {parameter} has no plain default."),
    };

    private static (string Least, string Most) Range(string parameter)
    {
        var declared = Main.The("param", parameter);
        return (Assert.IsType<Number>(Assert.Single(declared.Arguments("minValue"))).Value, Assert.IsType<Number>(Assert.Single(declared.Arguments("maxValue"))).Value);
    }
}
