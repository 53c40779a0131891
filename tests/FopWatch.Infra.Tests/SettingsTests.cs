using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using FopWatch.Contracts;
using FopWatch.Providers;
using FopWatch.Settings;
using FopWatch.Watching;

namespace FopWatch.Infra.Tests;

/// <summary>Compares the deployed app settings with the code that reads them.</summary>
public sealed class SettingsTests
{
    private const string Prefix = "FopWatch__";

    private static readonly string CloudSettings = Repository.Text("src/FopWatch.Functions/CloudSettings.cs");

    /// <summary>The settings of the cloud host in CloudSettings.cs.</summary>
    private static readonly IReadOnlyList<string> HostSettings =
        [.. Repository.Find(CloudSettings, @"private const string \w+ = ""((?:(?:Tables|ServiceBus):\w+)|ApiUrl)"";")];

    public static TheoryData<string> All => Deployments.All;

    [Theory]
    [MemberData(nameof(All))]
    public async Task The_code_accepts_the_settings(string name) => Check(await Deployments.OfAsync(name));

    [Theory]
    [MemberData(nameof(All))]
    public async Task Tokens_and_keys_are_only_in_references_to_the_vault(string name) =>
        CheckSecrets(await Deployments.OfAsync(name));

    [Fact]
    public async Task Every_setting_of_a_source_is_deployed()
    {
        var sources = Check(await Deployments.OfAsync(Deployments.Most)).Sources.All;
        Assert.Equal(["archive", "media", "vod_2"], sources.Select(one => one.Name).Order());

        var media = sources.Single(one => one.Name == "media");
        Assert.Equal("https://mgr.example.com/", media.StatusEndpoint.AbsoluteUri);
        Assert.Equal(ProviderKind.WangsuFops, media.Provider.Kind);
        Assert.Equal(TrustRule.Token, media.Trust);
        Assert.True(media.Tokens.Match(TokenOf("media-token-1")));
        Assert.True(media.Tokens.Match(TokenOf("media-token-2")));
        Assert.False(media.Tokens.Match(TokenOf("vod-token-1")));
        Assert.Equal(
            new()
            {
                First = TimeSpan.FromMinutes(3),
                Factor = 2,
                Max = TimeSpan.FromMinutes(20),
                Deadline = TimeSpan.FromDays(5),
                PerSecond = 4,
                Plan = PlanChoice.Fixed,
                PerJob = 3,
            },
            media.Poll);

        Assert.Equal("https://cdn.example.com/v/a.mp4", media.Domains.UrlOf("course-video.2026", "a.mp4"));
        Assert.Equal("http://covers.example.com/a.jpg", media.Domains.UrlOf("covers", "a.jpg"));

        Assert.True(media.Scope is { HasBuckets: true, HasPipelines: false });

        var vod = sources.Single(one => one.Name == "vod_2");
        Assert.Equal(ProviderKind.WangsuFmgr, vod.Provider.Kind);
        Assert.Equal(TrustRule.Signature, vod.Trust);

        // An omitted parameter sets nothing, so the code's default applies.
        var archive = sources.Single(one => one.Name == "archive");
        Assert.Equal(ProviderKinds.For(ProviderKind.Qiniu).DefaultStatusEndpoint, archive.StatusEndpoint);
        Assert.Equal(ProviderKinds.For(ProviderKind.Qiniu).DefaultPoll, archive.Poll);
        Assert.True(archive.Scope is { HasBuckets: false, HasPipelines: true });
        Assert.Equal("https://workflows.example.com/", archive.WorkflowEndpoint?.AbsoluteUri);
    }

    [Fact]
    public async Task Deployed_settings_are_read_and_every_read_setting_is_deployed()
    {
        var code = Repository.Text("src/FopWatch.Core/Settings/FopWatchSettings.cs");
        var shared = Repository.Find(code, @"reader\.(?:Url|Number|Time|Text)\(""(\w+)""")
            .Except(["StatusEndpoint", "WorkflowEndpoint", "First", "Factor", "Max", "Deadline", "PerSecond", "PerJob"]);

        // The connection string is for emulators; in Azure there is no key for one.
        var read = shared.Concat(HostSettings).Except(["ServiceBus:ConnectionString"])
            .Select(name => Prefix + name.Replace(":", "__", StringComparison.Ordinal));
        Assert.NotEmpty(HostSettings);

        string[] ofSource =
        [
            "Buckets__0", "Domains__0__Bucket", "Domains__0__Url", "Keys__0__AccessKey", "Keys__0__SecretKey", "NotifyTokens__0", "Poll__Deadline", "Poll__Factor", "Poll__First", "Poll__Max",
            "Poll__PerJob", "Poll__PerSecond", "Poll__Plan", "Provider", "StatusEndpoint", "Trust",
        ];
        foreach (var deployment in await Deployments.EveryAsync())
        {
            var written = Settings(deployment).Keys.Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)).ToList();
            Assert.Equal(
                read.Order(StringComparer.Ordinal),
                written.Where(name => !name.StartsWith(Prefix + "Sources__", StringComparison.Ordinal) && !name.StartsWith(Prefix + "ApiKeys__", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        }

        const string Media = Prefix + "Sources__media__";
        var most = Settings(await Deployments.OfAsync(Deployments.Most)).Keys
            .Where(name => name.StartsWith(Media, StringComparison.Ordinal))
            .Select(name => Regex.Replace(name[Media.Length..], @"__\d+", "__0")).Distinct();
        Assert.Equal(ofSource, most.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task API_keys_have_the_rights_and_sources_of_the_parameters()
    {
        var keys = Check(await Deployments.OfAsync(Deployments.Most)).ApiKeys;

        var (dashboard, lessons) = (keys.Find(TokenOf("dashboard-key-1"))!, keys.Find(TokenOf("lessons-key-1"))!);
        Assert.Equal(("dashboard", KeyRights.Read, null), (dashboard.Name, dashboard.Rights, dashboard.Sources));
        Assert.Equal(("lessons", KeyRights.Write), (lessons.Name, lessons.Rights));
        Assert.Equal(["media", "vod_2"], lessons.Sources);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task All_other_settings_are_platform_settings_that_this_plan_accepts(string name)
    {
        CheckPlatform(await Deployments.OfAsync(name));

        Assert.Equal(
            "AzureWebJobsStorage",
            Repository.Host["extensions"]!["durableTask"]!["storageProvider"]!["connectionName"]!.GetValue<string>());
        Assert.Contains("APPLICATIONINSIGHTS_CONNECTION_STRING", Repository.Code("FopWatch.Functions"), StringComparison.Ordinal);
        Assert.Contains("APPLICATIONINSIGHTS_AUTHENTICATION_STRING", Repository.Code("FopWatch.Functions"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Deployments.Development, "azurewebsites.net")]
    [InlineData(Deployments.Production, "azurefd.net")]
    [InlineData(Deployments.Most, "hooks.example.com")]
    [InlineData(Deployments.Open, "hooks.example.com")]
    public async Task The_public_url_is_the_one_that_providers_call(string name, string domain)
    {
        var deployment = await Deployments.OfAsync(name);
        var url = Check(deployment).PublicUrl!;
        Assert.EndsWith(domain, url.Host, StringComparison.Ordinal);
        Assert.Equal(url.AbsoluteUri.TrimEnd('/'), deployment.Output("PUBLIC_URL"));
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Links_in_events_name_the_host_that_applications_reach(string name) => CheckLinks(await Deployments.OfAsync(name));

    [Fact]
    public async Task Defaults_and_ranges_are_those_of_the_code()
    {
        var parameters = (await Deployments.TemplateAsync)["parameters"]!.AsObject();
        var table = Repository.Text("src/FopWatch.Azure/Tables/TableStoreOptions.cs");
        var topic = Repository.Text("src/FopWatch.Azure/ServiceBus/ServiceBusPublisherOptions.cs");
        var shared = FopWatchSettings.Read([]);

        Assert.Equal(Assert.Single(Repository.Find(topic, @"DefaultTopicName = ""([^""]*)""")), Value("topicName", "defaultValue"));
        Assert.Equal(
            Assert.Single(Repository.Find(table, @"TableName \{ get; init; \} = ""([^""]*)""")),
            Value("tableName", "defaultValue"));
        Assert.Equal(("3", "63"), (Value("tableName", "minLength"), Value("tableName", "maxLength")));
        Assert.Equal(Assert.Single(Repository.Find(table, @"int Buckets \{ get; init; \} = (\d+);")), Value("buckets", "defaultValue"));
        Assert.Equal(
            ("1", Assert.Single(Repository.Find(table, @"MaxBuckets = (\d+);"))),
            (Value("buckets", "minValue"), Value("buckets", "maxValue")));
        Assert.Equal(shared.MaxBodyBytes.ToString(CultureInfo.InvariantCulture), Value("maxBodyBytes", "defaultValue"));
        Assert.Equal(shared.Retention, TimeSpan.Parse(Value("retention", "defaultValue"), CultureInfo.InvariantCulture));

        var (least, most) = (Value("maxBodyBytes", "minValue"), Value("maxBodyBytes", "maxValue"));
        Assert.Equal(int.Parse(least, CultureInfo.InvariantCulture), Read(least));
        Assert.Equal(int.Parse(most, CultureInfo.InvariantCulture), Read(most));
        Assert.Throws<SettingsException>(
            () => Read((long.Parse(least, CultureInfo.InvariantCulture) - 1).ToString(CultureInfo.InvariantCulture)));
        Assert.Throws<SettingsException>(
            () => Read((long.Parse(most, CultureInfo.InvariantCulture) + 1).ToString(CultureInfo.InvariantCulture)));

        string Value(string parameter, string what) => parameters[parameter]![what]!.ToString();

        static int Read(string bytes) => FopWatchSettings.Read([KeyValuePair.Create("MaxBodyBytes", (string?)bytes)]).MaxBodyBytes;
    }

    [Fact]
    public async Task A_source_has_a_provider_and_a_trust_that_the_code_knows()
    {
        var source = (await Deployments.TemplateAsync)["definitions"]!["Source"]!["properties"]!;
        Assert.Equal(Enum.GetNames<ProviderKind>(), Choices("provider"));
        Assert.Equal(Enum.GetNames<TrustRule>(), Choices("trust"));
        Assert.Equal("64", source["name"]!["maxLength"]!.ToString());

        // The host refuses an empty list. It would read as "nothing is accepted" but be deployed as no setting, so that everything would be.
        Assert.All(["buckets", "pipelines"], list => Assert.Equal("1", source[list]!["minLength"]!.ToString()));

        IEnumerable<string> Choices(string property) =>
            source[property]!["allowedValues"]!.AsArray().Select(one => one!.GetValue<string>());
    }

    [Theory]
    [InlineData(Deployments.Development, "dev", "eastus2")]
    [InlineData(Deployments.Production, "prod", "eastus2")]
    public async Task A_parameter_file_sets_every_parameter_without_a_default(string file, string environment, string region)
    {
        using var compiler = new Compiler();
        var built = await compiler.BuildParametersAsync(file);
        var given = JsonNode.Parse(built["parametersJson"]!.GetValue<string>())!["parameters"]!.AsObject();
        var declared = (await Deployments.TemplateAsync)["parameters"]!.AsObject();

        Assert.Equal(environment, given["environmentName"]!["value"]!.GetValue<string>());
        Assert.Equal(region, given["location"]!["value"]!.GetValue<string>());
        Assert.NotEmpty(given["sources"]!["value"]!.AsArray());
        Assert.All(given, one => Assert.True(declared.ContainsKey(one.Key)));
        Assert.All(
            declared.Where(one => one.Value!["defaultValue"] is null && one.Value["nullable"]?.GetValue<bool>() != true),
            one => Assert.True(given.ContainsKey(one.Key)));
    }

    /// <summary>Reads the settings as the app would, with valid values in place of secrets.</summary>
    internal static FopWatchSettings Check(Deployment deployment)
    {
        var settings = Settings(deployment).Where(one => one.Key.StartsWith(Prefix, StringComparison.Ordinal))
            .ToDictionary(
                one => one.Key[Prefix.Length..].Replace("__", ":", StringComparison.Ordinal),
                string? (one) => SecretOf(one.Value) is { } secret ? TokenOf(secret) : one.Value);

        // Names of app settings on Linux cannot contain a hyphen, and two underscores start a new level.
        Assert.All(settings.Keys, name => Assert.Matches("^[A-Za-z0-9]+(_[A-Za-z0-9]+)*(:[A-Za-z0-9]+(_[A-Za-z0-9]+)*)*$", name));

        var read = FopWatchSettings.Read(
            settings,
            (reader, shared) =>
            {
                foreach (var name in HostSettings)
                    reader.Text(name);
                return shared;
            });
        Assert.Equal(
            settings.Keys.Where(name => name.EndsWith(":Provider", StringComparison.Ordinal)).Select(name => name.Split(':')[1]).Order(),
            read.Sources.All.Select(one => one.Name).Order());

        // The rules of CloudSettings.cs.
        Assert.Matches("^[A-Za-z][A-Za-z0-9]{2,62}$", settings["Tables:Name"]!);
        Assert.InRange(int.Parse(settings["Tables:Buckets"]!, CultureInfo.InvariantCulture), 1, 256);
        Assert.Equal(Expression.StandIn(RoleTests.JobsAccount(deployment).Id, "primaryEndpoints.table"), settings["Tables:ServiceUri"]);
        Assert.Equal($"{deployment.The(Types.Bus).Name}.servicebus.windows.net", settings["ServiceBus:Namespace"]);
        Assert.Equal(deployment.Output("SERVICEBUS_NAMESPACE"), settings["ServiceBus:Namespace"]);
        Assert.Equal(deployment.The(Types.Topic).Name, settings["ServiceBus:Topic"]);
        Assert.Equal(deployment.Output("SERVICEBUS_TOPIC"), settings["ServiceBus:Topic"]);
        return read;
    }

    internal static void CheckPlatform(Deployment deployment)
    {
        var settings = Settings(deployment);
        var identity = deployment.The(Types.Identity);
        var account = RoleTests.HostAccount(deployment).Name;
        var client = Expression.StandIn(identity.Id, "clientId");

        Assert.Equal(
            new Dictionary<string, string>
            {
                ["APPLICATIONINSIGHTS_AUTHENTICATION_STRING"] = $"ClientId={client};Authorization=AAD",
                ["APPLICATIONINSIGHTS_CONNECTION_STRING"] = Expression.StandIn(deployment.The(Types.Insights).Id, "ConnectionString"),
                ["AZURE_CLIENT_ID"] = client,

                // DefaultAzureCredential tries nothing else, so a failure names its cause.
                ["AZURE_TOKEN_CREDENTIALS"] = "ManagedIdentityCredential",
                ["AzureWebJobsStorage__blobServiceUri"] = $"https://{account}.blob.core.windows.net/",
                ["AzureWebJobsStorage__clientId"] = client,
                ["AzureWebJobsStorage__credential"] = "managedidentity",
                ["AzureWebJobsStorage__queueServiceUri"] = $"https://{account}.queue.core.windows.net/",
                ["AzureWebJobsStorage__tableServiceUri"] = $"https://{account}.table.core.windows.net/",
            },
            settings.Where(one => !one.Key.StartsWith(Prefix, StringComparison.Ordinal)).ToDictionary());
    }

    /// <summary>Links in events lead applications to the API, which the Front Door does not forward.</summary>
    internal static void CheckLinks(Deployment deployment)
    {
        var own = $"https://{Expression.StandIn(deployment.The(Types.App).Id, "defaultHostName")}";
        var url = Settings(deployment)[Prefix + "ApiUrl"];
        Assert.Contains(url, new[] { own, "https://api.example.com" });
        Assert.Equal(url, deployment.Output("API_URL"));
    }

    internal static void CheckSecrets(Deployment deployment)
    {
        var vault = deployment.The(Types.Vault);
        var secrets = new List<string>();
        foreach (var (name, value) in Settings(deployment))
        {
            if (!Regex.IsMatch(name, "__NotifyTokens__|__Keys__|__ApiKeys__.*__Key$"))
            {
                Assert.DoesNotContain("Microsoft.KeyVault", value, StringComparison.Ordinal);
                continue;
            }

            // Without a version, so that the newest version of the secret is used.
            var secret = SecretOf(value);
            Assert.NotNull(secret);
            Assert.Equal($"@Microsoft.KeyVault(SecretUri=https://{vault.Name}.vault.azure.net/secrets/{secret}/)", value);
            Assert.Matches("^[0-9A-Za-z-]{1,127}$", secret);
            secrets.Add(secret);
        }

        // infra/tokens.sh creates and requests the secrets that the app looks for.
        var outputs = $"{deployment.Output("TOKEN_SECRETS")} {deployment.Output("KEY_SECRETS")}";
        var named = outputs.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(secrets.Order(StringComparer.Ordinal), named.Order(StringComparer.Ordinal));
        Assert.Equal(vault.Name, deployment.Output("KEY_VAULT_NAME"));
        Assert.Empty(deployment.All(Types.Secret));
        Assert.Equal(
            deployment.The(Types.Identity).Id,
            deployment.The(Types.App).Text("properties", "keyVaultReferenceIdentity"));
    }

    private static Dictionary<string, string> Settings(Deployment deployment) =>
        deployment.The(Types.AppSettings).At("properties").AsObject().ToDictionary(one => one.Key, one => one.Value!.GetValue<string>());

    private static string? SecretOf(string value) =>
        Repository.Find(value, @"^@Microsoft\.KeyVault\(.*/secrets/([^/]*)/\)$") is [var secret] ? secret : null;

    private static string TokenOf(string secret) => $"value-of-{secret}";
}
