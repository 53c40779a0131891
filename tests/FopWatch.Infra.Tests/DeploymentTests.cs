using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace FopWatch.Infra.Tests;

/// <summary>The app and its platform, azd's file and the workflows.</summary>
public sealed class DeploymentTests
{
    /// <summary>
    /// The settings that https://learn.microsoft.com/azure/azure-functions/functions-app-settings lists under «Flex Consumption plan deprecations», and the
    /// properties that the Azure Verified Module for sites leaves out on Flex Consumption. Resource Manager refuses the properties with error
    /// 51021 in some regions only, and ignores the settings.
    /// </summary>
    private static readonly HashSet<string> RefusedByFlex = new(StringComparer.OrdinalIgnoreCase)
    {
        "alwaysOn", "containerSize", "ftpsState", "functionAppScaleLimit", "isReserved", "isXenon", "javaContainer", "javaContainerVersion", "javaVersion", "linuxFxVersion",
        "netFrameworkVersion", "nodeVersion", "phpVersion", "powerShellVersion", "preWarmedInstanceCount", "pythonVersion", "use32BitWorkerProcess",
        "vnetBackupRestoreEnabled", "vnetContentShareEnabled", "vnetImagePullEnabled", "vnetRouteAllEnabled", "windowsFxVersion",
        "functionsRuntimeScaleMonitoringEnabled",
        "ENABLE_ORYX_BUILD", "FUNCTIONS_EXTENSION_VERSION", "FUNCTIONS_MAX_HTTP_CONCURRENCY", "FUNCTIONS_WORKER_PROCESS_COUNT",
        "FUNCTIONS_WORKER_DYNAMIC_CONCURRENCY_ENABLED", "FUNCTIONS_WORKER_RUNTIME", "FUNCTIONS_WORKER_RUNTIME_VERSION",
        "SCM_DO_BUILD_DURING_DEPLOYMENT", "WEBSITE_CONTENTAZUREFILECONNECTIONSTRING", "WEBSITE_CONTENTOVERVNET", "WEBSITE_CONTENTSHARE",
        "WEBSITE_DNS_SERVER", "WEBSITE_MAX_DYNAMIC_APPLICATION_SCALE_OUT", "WEBSITE_NODE_DEFAULT_VERSION", "WEBSITE_RUN_FROM_PACKAGE",
        "WEBSITE_SKIP_CONTENTSHARE_VALIDATION", "WEBSITE_TIME_ZONE", "WEBSITE_USE_PLACEHOLDER_DOTNETISOLATED", "WEBSITE_VNET_ROUTE_ALL",
    };

    public static TheoryData<string> All => Deployments.All;

    internal const string Project = "src/FopWatch.Functions/FopWatch.Functions.csproj";

    /// <summary>The fixed part of the notify route.</summary>
    internal static string NotifyStart { get; } = NotifyRoute[..NotifyRoute.IndexOf('{', StringComparison.Ordinal)];

    /// <summary>The common prefix of all paths that providers call.</summary>
    internal static IReadOnlyList<string> CalledStarts { get; } =
        [NotifyStart, Assert.Single(Repository.Find(Repository.Text("src/FopWatch.Api/UploadsApi.cs"), @"PathString Path = ""/(api/uploads)""")) + "/"];

    private static string NotifyRoute
    {
        get
        {
            var routes = Repository.Text("src/FopWatch.Api/NotificationsApi.cs");
            return Assert.Single(Repository.Find(routes, @"PathString Path = ""/(api/notify)"""))
                + Assert.Single(Repository.Find(routes, @"MapPost\(""(/\{source\}[^""]*)"""));
        }
    }

    /// <summary>Azure would send alerts to an example's address, poll its host and give its identity a role.</summary>
    [Fact]
    public async Task Productions_placeholders_have_to_be_replaced()
    {
        using var compiler = new Compiler();
        compiler.With(Deployments.Production, Repository.Text($"infra/{Deployments.Production}"));

        var refusal = await compiler.RefusalAsync(Deployments.Production);

        Assert.Contains(
            "Replace the placeholders of the parameter file: <address>, https://<MgrDomain of the account>, 00000000-0000-0000-0000-000000000000.",
            refusal, StringComparison.Ordinal);
        Assert.DoesNotContain("example.", Repository.Text($"infra/{Deployments.Production}"), StringComparison.Ordinal);
    }

    /// <summary>Events of a subscription that nobody may receive from become dead letters and fill the topic.</summary>
    [Fact]
    public async Task Every_subscription_of_production_has_a_receiver()
    {
        var deployment = await Deployments.OfAsync(Deployments.Production);

        Assert.All(deployment.All(Types.Subscription), subscription => Assert.Contains(
            deployment.All(Types.RoleAssignment), role => role.Id.StartsWith(subscription.Id + "/", StringComparison.Ordinal)));
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task The_runtime_is_the_one_that_the_app_is_built_for(string name) => CheckApp(await Deployments.OfAsync(name));

    [Theory]
    [InlineData(Deployments.Production)]
    [InlineData(Deployments.Most)]
    public async Task Always_ready_instances_are_for_existing_functions(string name) =>
        CheckReady(await Deployments.OfAsync(name));

    internal static void CheckReady(Deployment deployment)
    {
        var functions = Repository.Find(Repository.Code("FopWatch.Functions"), @"(?:const string Name = |\[Function\()""(\w+)""");
        var ready = AlwaysReady(deployment);
        Assert.NotEmpty(ready);
        Assert.All(ready, one =>
        {
            var group = one!["name"]!.GetValue<string>();
            Assert.True(
                group is "http" or "durable" || (group.StartsWith("function:", StringComparison.Ordinal) && functions.Contains(group[9..])),
                group);
        });
    }

    [Theory]
    [InlineData(Deployments.Production)]
    [InlineData(Deployments.Most)]
    public async Task Zone_redundant_compute_has_zone_redundant_storage(string name) => CheckZones(await Deployments.OfAsync(name));

    internal static void CheckZones(Deployment deployment)
    {
        Assert.True(deployment.The(Types.Plan).Is("properties", "zoneRedundant"));
        Assert.All(deployment.All(Types.StorageAccount), account => Assert.Matches("_G?ZRS$", account.Text("sku", "name")));

        // Two or more always-ready instances are spread over zones.
        Assert.Equal(
            ["durable", "http"],
            AlwaysReady(deployment).Where(one => one!["instanceCount"]!.GetValue<int>() >= 2).Select(one => one!["name"]!.GetValue<string>()).Order());
    }

    [Theory]
    [InlineData(Deployments.Development, false)]
    [InlineData(Deployments.Production, true)]
    public async Task A_vault_can_be_purged_if_configured_and_has_the_same_retention_everywhere(string name, bool isProtected)
    {
        // The retention cannot be changed later. Purge protection cannot be switched off: false is not a valid value.
        var vault = (await Deployments.OfAsync(name)).The(Types.Vault);
        Assert.Equal(90, vault.At("properties", "softDeleteRetentionInDays").GetValue<int>());
        Assert.Equal(isProtected ? true : null, vault.Find("properties", "enablePurgeProtection")?.GetValue<bool>());
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task The_notify_urls_match_the_route(string name)
    {
        var deployment = await Deployments.OfAsync(name);
        Assert.StartsWith("{source}/{token}", NotifyRoute[NotifyStart.Length..], StringComparison.Ordinal);
        var urls = deployment.Outputs["NOTIFY_URLS"]!.AsArray();
        Assert.Equal(
            SettingsTests.Check(deployment).Sources.All.Select(one => one.Name).Order(),
            urls.Select(one => one!["source"]!.GetValue<string>()).Order());
        var start = $"{deployment.Output("PUBLIC_URL")}/{NotifyStart}";
        Assert.All(urls, one => Assert.Equal($"{start}{one!["source"]}/<token>", one["url"]!.GetValue<string>()));
    }

    [Fact]
    public async Task Azd_finds_everything_that_its_file_names()
    {
        var azd = Repository.Text("azure.yaml");
        var deployment = await Deployments.OfAsync(Deployments.Azd);
        var service = Assert.Single(Repository.Find(azd, @"services:\n  (\w+):"));
        var app = Assert.Single(deployment.Resources, one => one.Find("tags", "azd-service-name")?.GetValue<string>() == service);
        Assert.Equal(Types.App, app.Type);
        Assert.Equal((app.Name, app.Id), (deployment.Output("FUNCTION_APP_NAME"), deployment.Output("FUNCTION_APP_ID")));
        Assert.Equal(Deployments.AzdEnvironment["AZURE_ENV_NAME"], deployment.The(Types.Group).Text("tags", "azd-env-name"));
        Assert.Equal(Deployments.AzdEnvironment["AZURE_LOCATION"], deployment.The(Types.Group).Text("location"));

        Assert.True(Directory.Exists(Repository.PathOf(Assert.Single(Repository.Find(azd, "project: (.*)")))));
        Assert.True(File.Exists(Repository.PathOf($"infra/{Assert.Single(Repository.Find(azd, "module: (.*)"))}.bicepparam")));

        CheckAzd(azd);
        var hook = Assert.Single(Repository.Find(azd, @"posix:\n\s+run: (.*)"));
        Assert.True(File.Exists(Repository.PathOf(hook)));
        Assert.All(
            Repository.Find(Repository.Text(hook), @"\$\{([A-Z_]+_(?:NAME|SECRETS|ID))\b"),
            name => Assert.True(deployment.Outputs.ContainsKey(name) || name == "AZURE_SUBSCRIPTION_ID", name));
    }

    [Fact]
    public async Task Outputs_and_parameters_named_in_the_guide_exist()
    {
        var template = await Deployments.TemplateAsync;
        var guide = Repository.Text("infra/README.md");
        var outputs = Assert.Single(Repository.Find(guide, @"Outputs: ([^.]*)\."));
        Assert.All(Repository.Find(outputs, "`([A-Z_]+)`"), name => Assert.True(template["outputs"]!.AsObject().ContainsKey(name), name));

        string[] parameters =
        [
            "alwaysReady", "buckets", "duplicateDetectionWindow", "instanceMemoryMB", "maximumInstanceCount", "operator",
            "operatorIpRanges", "privateNetworking", "publicUrl", "purgeProtection", "receivers", "separateJobsStorage", "sources",
            "subscriptions",
        ];
        Assert.All(
            parameters,
            name => Assert.True(template["parameters"]!.AsObject().ContainsKey(name) && Regex.IsMatch(guide, $@"`{name}\b"), name));
    }

    [Fact]
    public void Actions_are_pinned_by_commit_and_name_their_version()
    {
        var uses = Directory.EnumerateFiles(Repository.PathOf(".github/workflows"), "*.yml")
            .SelectMany(path => Repository.Find(File.ReadAllText(path), @"uses: (.*)")).ToList();
        Assert.NotEmpty(uses);
        Assert.All(uses, one => Assert.Matches(@"^(\./|[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$)", one));
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task The_site_has_no_property_or_setting_that_Flex_Consumption_refuses(string name) =>
        CheckSite(await Deployments.OfAsync(name));

    [Theory]
    [MemberData(nameof(All))]
    public async Task Waiting_calls_leave_most_of_an_instance_to_notifications(string name) => CheckConcurrency(await Deployments.OfAsync(name));

    [Theory]
    [InlineData(Deployments.Least, null)]
    [InlineData(Deployments.Most, "RollingUpdate")]
    public async Task Instances_are_replaced_by_the_configured_strategy_or_the_platforms_default(string name, string? strategy) =>
        CheckReplacing(await Deployments.OfAsync(name), strategy);

    internal static void CheckReplacing(Deployment deployment, string? strategy) =>
        Assert.Equal(
            strategy,
            deployment.The(Types.App).Find("properties", "functionAppConfig", "siteUpdateStrategy", "type")?.GetValue<string>());

    [Fact]
    public async Task In_production_a_ready_instance_runs_the_timers_that_jobs_depend_on() =>
        CheckTimers(await Deployments.OfAsync(Deployments.Production));

    internal static void CheckTimers(Deployment deployment)
    {
        var ready = AlwaysReady(deployment).Select(one => one!["name"]!.GetValue<string>());
        var everyMinute = Repository.Find(
            Repository.Code("FopWatch.Functions"), @"const string Name = ""(\w+)"";(?:(?!const string Name)[\s\S])*?TimerTrigger\(""\d+ \* \* \* \* \*""\)");
        Assert.Equal(["StartDueWatches", "SweepOutbox"], everyMinute.Order(StringComparer.Ordinal));
        Assert.All(everyMinute, timer => Assert.Contains($"function:{timer}", ready));
    }

    [Fact]
    public async Task Data_is_locked_and_a_budget_sends_mail_if_configured()
    {
        CheckLocks(await Deployments.OfAsync(Deployments.Most));
        CheckLocks(await Deployments.OfAsync(Deployments.Production));
        var least = await Deployments.OfAsync(Deployments.Least);
        Assert.Empty(least.All(Types.Lock).Concat(least.All(Types.Budget)));

        CheckBudget(await Deployments.OfAsync(Deployments.Most));
    }

    internal static void CheckBudget(Deployment deployment)
    {
        var budget = deployment.The(Types.Budget);
        Assert.Equal(500, budget.At("properties", "amount").GetValue<int>());
        Assert.Equal("2026-12-01", budget.Text("properties", "timePeriod", "startDate"));
        Assert.All(
            budget.At("properties", "notifications").AsObject(),
            one => Assert.Equal(["one@example.com", "two@example.com"], one.Value!["contactEmails"]!.AsArray().Select(mail => mail!.GetValue<string>())));
    }

    /// <summary>Flex Consumption polls the queues of Durable Functions every second unless host.json overrides it.</summary>
    [Fact]
    public void Queues_are_polled_at_the_platforms_interval() => CheckHost(Repository.Host);

    internal static void CheckHost(JsonNode host) =>
        Assert.DoesNotContain(
            "maxQueuePollingInterval", host["extensions"]!["durableTask"]!["storageProvider"]!.AsObject().Select(setting => setting.Key));

    internal static void CheckAzd(string azd)
    {
        Assert.Matches(@"requiredVersions:\n(  #.*\n)?  azd: '>= \d+\.\d+\.\d+'", azd);
        Assert.Single(Repository.Find(azd, @"windows:\n(?:.*\n)?\s+run: (.* \./infra/tokens\.sh)'\n\s+shell: pwsh"));
    }

    internal static void CheckLocks(Deployment deployment)
    {
        var data = deployment.All(Types.StorageAccount).Concat(deployment.All(Types.Bus)).Concat(deployment.All(Types.Vault));
        Assert.Equal(data.Select(one => one.Id).Order(), deployment.All(Types.Lock).Select(one => one.Scope).Order());
        Assert.All(deployment.All(Types.Lock), one => Assert.Equal("CanNotDelete", one.Text("properties", "level")));
    }

    /// <summary>An instance gets no more simultaneous requests, of any kind, than it works on at once.</summary>
    [Fact]
    public async Task No_instance_gets_more_requests_than_it_works_on()
    {
        var concurrency = (await Deployments.TemplateAsync)["parameters"]!["httpConcurrency"]!;
        Assert.Equal(Most("FopWatch.Api", "Calls"), concurrency["maxValue"]!.GetValue<int>());
        Assert.True(Most("FopWatch.Api", "Notifications") >= Most("FopWatch.Api", "Calls"));
    }

    internal static void CheckConcurrency(Deployment deployment)
    {
        var waiting = Most("FopWatch.Functions", "MostWaiting");
        var requests = deployment.The(Types.App)
            .At("properties", "functionAppConfig", "scaleAndConcurrency", "triggers", "http", "perInstanceConcurrency").GetValue<int>();
        Assert.True(requests >= 2 * waiting, $"{requests} concurrent requests, {waiting} of which may wait");
        Assert.True(requests <= Most("FopWatch.Api", "Calls"), $"{requests} concurrent requests are more than the host answers");
    }

    [Fact]
    public void The_project_has_a_user_secrets_id_so_azd_does_not_add_one() => CheckUserSecrets(Repository.Text(Project));

    internal static void CheckUserSecrets(string project) => Assert.Single(Repository.Find(project, "<UserSecretsId>([^<]+)</UserSecretsId>"));

    private static JsonArray AlwaysReady(Deployment deployment) =>
        deployment.The(Types.App).At("properties", "functionAppConfig", "scaleAndConcurrency", "alwaysReady").AsArray();

    private static int Most(string project, string constant) => int.Parse(
        Assert.Single(Repository.Find(Repository.Code(project), $@"public const int {constant} = (\d+);")), CultureInfo.InvariantCulture);

    internal static void CheckSite(Deployment deployment)
    {
        var site = deployment.The(Types.App).At("properties").AsObject();
        var settings = deployment.The(Types.AppSettings).At("properties").AsObject();
        Assert.DoesNotContain(site.Concat(site["siteConfig"]!.AsObject()).Concat(settings), one => RefusedByFlex.Contains(one.Key));
    }

    internal static void CheckApp(Deployment deployment)
    {
        var framework = Assert.Single(
            Repository.Find(Repository.Text("Directory.Build.props"), "<TargetFramework>net(.*)</TargetFramework>"));
        var app = deployment.The(Types.App);
        var plan = deployment.The(Types.Plan);
        Assert.Equal(plan.Id, app.Text("properties", "serverFarmId"));
        Assert.Equal(("FC1", "FlexConsumption"), (plan.Text("sku", "name"), plan.Text("sku", "tier")));
        Assert.True(plan.Is("properties", "reserved"));
        Assert.Equal("functionapp,linux", app.Text("kind"));

        Assert.Equal("dotnet-isolated", app.Text("properties", "functionAppConfig", "runtime", "name"));
        Assert.Equal(framework, app.Text("properties", "functionAppConfig", "runtime", "version"));

        // The app's package is in a deployed container and is read with the identity that has the role.
        var container = deployment.The(Types.Container);
        Assert.Equal(RoleTests.HostAccount(deployment).Name, container.Names[0]);
        Assert.Equal("None", container.Text("properties", "publicAccess"));
        Assert.Equal(
            $"https://{container.Names[0]}.blob.core.windows.net/{container.Name}",
            app.Text("properties", "functionAppConfig", "deployment", "storage", "value"));
        Assert.Equal(
            "UserAssignedIdentity",
            app.Text("properties", "functionAppConfig", "deployment", "storage", "authentication", "type"));
        Assert.Equal(
            deployment.The(Types.Identity).Id,
            app.Text("properties", "functionAppConfig", "deployment", "storage", "authentication", "userAssignedIdentityResourceId"));
    }
}
