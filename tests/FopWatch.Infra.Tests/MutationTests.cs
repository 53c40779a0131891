using System.Globalization;
using System.Text.RegularExpressions;
using Xunit.Sdk;

namespace FopWatch.Infra.Tests;

/// <summary>Tests the checks themselves: for each of them, infra/ with one fault must fail.</summary>
public sealed class MutationTests
{
    private static readonly Lazy<Task<Deployment>> Mutant = MutantOf(Deployments.Least, compiler => compiler
            .Change("modules/alerts.bicep", "where Name == 'fopwatch.outbox.age'", "where Name == 'fopwatch.outbox.old'")
            .Change("workbook.json", "Answer = tostring(Properties.answer)", "Answer = tostring(Properties.reply)")
            .Change("main.bicep", "'Storage Queue Data Contributor', ", "")
            .Change("modules/servicebus.bicep", "deadLetteringOnMessageExpiration: true", "deadLetteringOnMessageExpiration: false")
            .Change("modules/servicebus.bicep", "disableLocalAuth: true", "disableLocalAuth: false")
            .Change("modules/functions.bicep", "__Poll__First'", "__Poll__Frist'")
            .Change("modules/functions.bicep", "secrets/${name}/)", "secrets/${name}/1)")
            .Change("modules/functions.bicep", "version: '10.0'", "version: '9.0'")
            .Change("modules/functions.bicep", "http20Enabled: true", "http20Enabled: true\n      ftpsState: 'Disabled'")
            .With(Deployments.Least, Deployments.Variants[Deployments.Least] + """

                param sources = [{ name: 'media', provider: 'Qiniu', notifyTokenSecrets: ['media-token-1'], poll: { first: '00:01:00' } }]
                param subscriptions = [{ name: 'troubles', filters: [{ kind: 'correlation', properties: { status: 'expired' } }] }]
                """));

    private static readonly Lazy<Task<Deployment>> ClosedMutant = MutantOf(Deployments.Private, compiler => compiler
            .Change("modules/front.bicep", "    logScrubbing: {\n      state: 'Enabled'", "    logScrubbing: {\n      state: 'Disabled'")
            .Change("modules/functions.bicep", "FopWatch__ApiUrl: linkUrl", "FopWatch__ApiUrl: url")
            .Change("modules/functions.bicep", "AZURE_TOKEN_CREDENTIALS: 'ManagedIdentityCredential'", "AZURE_TOKEN_CREDENTIALS: 'dev'")
            .Change("modules/functions.bicep", "perInstanceConcurrency: httpConcurrency", "perInstanceConcurrency: 17")
            .Change("modules/servicebus.bicep", "resource lock 'Microsoft.Authorization/locks@2020-05-01' = if (isLocked) {\n  name: 'keep'\n  scope: namespace", "resource lock 'Microsoft.Authorization/locks@2020-05-01' = if (isLocked) {\n  name: 'keep'\n  scope: topic")
            .With(Deployments.Private, Deployments.Variants[Deployments.Private] + "\nparam deleteLocks = true\n"));

    private static readonly Lazy<Task<Deployment>> BusyMutant = MutantOf(Deployments.Production, compiler => compiler
            .Change("production.bicepparam", "  { name: 'function:StartDueWatches', instanceCount: 1 }\n", "")
            .Change("production.bicepparam", "function:SweepOutbox", "function:SweepOutbocks")
            .Change("production.bicepparam", "{ name: 'http', instanceCount: 2 }", "{ name: 'http', instanceCount: 1 }"));

    private static readonly Lazy<Task<Deployment>> FullMutant = MutantOf(Deployments.Most, compiler => compiler
            .Change("modules/budget.bicep", "amount: budget.amount", "amount: 5 * budget.amount")
            .Change("modules/front.bicep", ", empty(domain) ? [] : [{ id: customDomain.id }]", ", []")
            .Change("modules/functions.bicep", "{ type: updateStrategy }", "{ type: 'Recreate' }")
            .Change("modules/functions.bicep", "perInstanceConcurrency: httpConcurrency", "perInstanceConcurrency: 2 * httpConcurrency")
            .Change("modules/functions.bicep", "AzureWebJobsStorage__blobServiceUri", "AzureWebJobsStorage__blobUri")
            .Change("modules/functions.bicep", "name: 'ftp'\n    properties: { allow: false }", "name: 'ftp'\n    properties: { allow: true }")
            .Change("modules/network.bicep", "prefixLength + 3, 6", "prefixLength + 3, 0")
            .Change("modules/servicebus.bicep", "autoDeleteOnIdle: subscriptionIdleTime", "autoDeleteOnIdle: messageTimeToLive")
            .Change("modules/alerts.bicep", "threshold: topicBytes", "threshold: 3 * topicBytes")
            .With(Deployments.Most, Deployments.Variants[Deployments.Most]));

    private static readonly Lazy<Task<Deployment>> MiddleMutant = MutantOf(Deployments.Middle, compiler => compiler
            .Change("main.bicep", "var hasPrivateBus = privateNetworking && privateServiceBus", "var hasPrivateBus = privateNetworking")
            .Change("modules/servicebus.bicep", "category: 'OperationalLogs'", "category: 'RuntimeAuditLogs'")
            .With(Deployments.Middle, Deployments.Variants[Deployments.Middle]));

    private static readonly Lazy<Task<Deployment>> UnlimitedMutant = MutantOf(Deployments.Private, compiler => compiler
            .Change("modules/front.bicep", "ruleType: 'RateLimitRule'", "ruleType: 'MatchRule'")
            .With(Deployments.Private, Deployments.Variants[Deployments.Private]));

    [Fact]
    public Task A_timer_that_waits_for_an_instance_is_found() => FindsAsync(DeploymentTests.CheckTimers, "StartDueWatches", BusyMutant);

    [Fact]
    public Task Instances_for_a_missing_function_are_found() => FindsAsync(DeploymentTests.CheckReady, "SweepOutbocks", BusyMutant);

    [Fact]
    public Task An_app_in_a_single_zone_is_found() => FindsAsync(DeploymentTests.CheckZones, "http", BusyMutant);

    [Fact]
    public Task A_budget_of_another_amount_is_found() => FindsAsync(DeploymentTests.CheckBudget, "2500", FullMutant);

    [Fact]
    public Task A_custom_domain_without_the_firewall_is_found() => FindsAsync(NetworkTests.CheckFront, "Collections differ", FullMutant);

    [Fact]
    public Task Another_update_strategy_is_found() =>
        FindsAsync(deployment => DeploymentTests.CheckReplacing(deployment, "RollingUpdate"), "Recreate", FullMutant);

    [Fact]
    public Task More_requests_than_an_instance_works_on_are_found() =>
        FindsAsync(DeploymentTests.CheckConcurrency, "256 concurrent requests", FullMutant);

    [Fact]
    public Task An_unknown_connection_of_the_host_is_found() => FindsAsync(SettingsTests.CheckPlatform, "blobUri", FullMutant);

    [Fact]
    public Task Publishing_with_a_password_is_found() => FindsAsync(RoleTests.CheckKeys, ": allow", FullMutant);

    [Fact]
    public Task An_overlapping_subnet_for_the_runner_is_found() => FindsAsync(NetworkTests.CheckSubnets, " overlaps ", FullMutant);

    [Fact]
    public Task An_expensive_tier_in_the_middle_step_is_found() => FindsAsync(NetworkTests.CheckMiddle, "Premium", MiddleMutant);

    [Fact]
    public Task A_log_with_ids_is_found() => FindsAsync(NetworkTests.CheckLogs, "RuntimeAuditLogs", MiddleMutant);

    [Fact]
    public Task A_missing_rate_limit_for_notifications_is_found() => FindsAsync(NetworkTests.CheckFront, "MatchRule", UnlimitedMutant);

    [Fact]
    public async Task A_guessed_principal_type_is_found()
    {
        using var compiler = new Compiler();
        var environment = new Dictionary<string, string>(Deployments.AzdEnvironment) { ["AZURE_PRINCIPAL_TYPE"] = "" };
        var deployment = await compiler
            .Change("development.bicepparam", "principalType == 'ServicePrincipal' ? 'ServicePrincipal' : null", "'User'")
            .DeployAsync(Deployments.Development, environment: environment);
        Assert.ThrowsAny<XunitException>(() => RoleTests.CheckOperator(deployment, type: null));
    }

    [Fact]
    public async Task A_rule_that_would_stop_the_deployment_of_an_old_commit_is_found()
    {
        using var compiler = new Compiler();
        compiler.Change(
            "bicepconfig.json", "\"use-recent-api-versions\": { \"level\": \"warning\"", "\"use-recent-api-versions\": { \"level\": \"error\"");
        await Assert.ThrowsAnyAsync<XunitException>(() => CompilerTests.CheckFaultsAsync(compiler));
    }

    [Fact]
    public void A_too_recent_api_version_is_found()
    {
        var month = TimeProvider.System.GetUtcNow().AddMonths(-1).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        var bicep = Repository.Bicep["modules/vault.bicep"];
        CompilerTests.CheckApiVersions(bicep);
        var failure = Assert.ThrowsAny<XunitException>(
            () => CompilerTests.CheckApiVersions(Regex.Replace(bicep, @"(?<='Microsoft\.KeyVault/vaults@)\d{4}-\d{2}-\d{2}", month)));
        Assert.Contains(month, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_project_that_azd_would_edit_is_found() => Finds(
        DeploymentTests.CheckUserSecrets, Repository.Text(DeploymentTests.Project), "UserSecretsId>", "UserSecrets>");

    [Theory]
    [InlineData("    windows:\n", "    macos:\n")]
    [InlineData("sh.exe\" ./infra/tokens.sh'", "sh.exe\" ./infra/token.sh'")]
    [InlineData("requiredVersions:\n", "versions:\n")]
    public void An_azure_yaml_for_a_single_platform_is_found(string from, string to) =>
        Finds(DeploymentTests.CheckAzd, Repository.Text("azure.yaml"), from, to);

    [Fact]
    public void A_build_that_ignores_warnings_is_found() =>
        Finds(WorkflowTests.CheckBuild, Repository.Text(WorkflowTests.Build), "          ! grep -E", "          grep -cE");

    [Fact]
    public void Rarely_polled_queues_are_found()
    {
        var host = Repository.Host.DeepClone();
        host["extensions"]!["durableTask"]!["storageProvider"]!["maxQueuePollingInterval"] = "00:00:30";
        Assert.ThrowsAny<XunitException>(() => DeploymentTests.CheckHost(host));
    }

    [Fact]
    public Task A_log_with_tokens_is_found() => FindsAsync(NetworkTests.CheckFront, "Disabled", ClosedMutant);

    [Fact]
    public Task Links_to_nowhere_are_found() => FindsAsync(SettingsTests.CheckLinks, "azurefd.net", ClosedMutant);

    [Fact]
    public Task A_developer_credential_is_found() => FindsAsync(SettingsTests.CheckPlatform, "dev", ClosedMutant);

    [Fact]
    public Task Calls_that_keep_notifications_waiting_are_found() => FindsAsync(DeploymentTests.CheckConcurrency, "17 concurrent requests", ClosedMutant);

    [Fact]
    public Task Data_that_can_be_deleted_immediately_is_found() => FindsAsync(DeploymentTests.CheckLocks, "namespaces", ClosedMutant);

    [Fact]
    public Task An_unknown_metric_is_found() => FindsAsync(MetricTests.CheckAlerts, "fopwatch.outbox.old");

    [Fact]
    public Task An_unknown_tag_of_a_metric_is_found() => FindsAsync(MetricTests.CheckCharts, "reply");

    [Fact]
    public Task A_missing_role_is_found() => FindsAsync(RoleTests.Check, "Storage Queue Data Contributor");

    [Fact]
    public Task An_unpublished_property_is_found() => FindsAsync(FilterTests.Check, "status");

    [Fact]
    public Task Messages_that_expire_before_their_dead_letters_raise_an_alert_are_found() =>
        FindsAsync(FilterTests.CheckDelivery, "Range", FullMutant);

    [Fact]
    public Task An_alert_that_waits_for_a_full_topic_is_found() => FindsAsync(MetricTests.CheckTopic, "ma-topic-fills", FullMutant);

    [Fact]
    public Task Messages_that_would_be_lost_are_found() => FindsAsync(FilterTests.CheckDelivery, ": deadLetteringOnMessageExpiration");

    [Fact]
    public Task Access_with_a_key_is_found() => FindsAsync(RoleTests.CheckKeys, ": disableLocalAuth");

    [Fact]
    public Task A_pinned_version_of_a_secret_is_found() => FindsAsync(SettingsTests.CheckSecrets, "null");

    [Fact]
    public Task A_runtime_other_than_the_apps_is_found() => FindsAsync(DeploymentTests.CheckApp, "9.0");

    [Fact]
    public Task A_site_property_that_Flex_Consumption_refuses_is_found() => FindsAsync(DeploymentTests.CheckSite, "ftpsState");

    [Theory]
    [InlineData("runs-on: ${{ inputs.environment == 'production' && vars.DEPLOY_RUNNER || 'ubuntu-24.04' }}", "runs-on: ubuntu-24.04")]
    [InlineData("azd deploy functions --from-package \"$RUNNER_TEMP/functions.zip\" --no-prompt", "azd deploy functions --no-prompt")]
    [InlineData("run: infra/tokens.sh", "run: 'true'")]
    [InlineData("FUNCTIONS_PACKAGE: ${{ runner.temp }}/functions.zip", "FUNCTIONS_PACKAGE: other.zip")]
    [InlineData("run: infra/ready.sh", "run: infra/ready.sh || true")]
    [InlineData("az bicep install --version", "az bicep install #")]
    public void A_workflow_that_would_deploy_wrongly_is_found(string from, string to)
    {
        var right = Repository.Text(WorkflowTests.Deploy);
        var at = right.LastIndexOf(from, StringComparison.Ordinal);
        Assert.True(at >= 0);
        Assert.ThrowsAny<XunitException>(() => WorkflowTests.Check(string.Concat(right.AsSpan(0, at), to, right.AsSpan(at + from.Length))));
    }

    [Fact]
    public async Task A_setting_that_the_code_does_not_read_is_found()
    {
        var deployment = await Mutant.Value;
        var wrong = Assert.Throws<Settings.SettingsException>(() => SettingsTests.Check(deployment));
        Assert.Contains("Poll:Frist", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_expression_that_only_Azure_can_evaluate_is_found()
    {
        using var compiler = new Compiler();
        compiler.Change("modules/identity.bicep", "name: name", "name: '${name}${subscription().displayName}'");
        await Assert.ThrowsAsync<FormatException>(() => compiler.DeployAsync(Deployments.Development));
    }

    private static void Finds(Action<string> check, string right, string from, string to)
    {
        Assert.Contains(from, right, StringComparison.Ordinal);
        Assert.ThrowsAny<XunitException>(() => check(right.Replace(from, to, StringComparison.Ordinal)));
    }

    private static Lazy<Task<Deployment>> MutantOf(string name, Func<Compiler, Compiler> change) => new(async () =>
    {
        using var compiler = new Compiler();
        return await change(compiler).DeployAsync(name);
    });

    private static async Task FindsAsync(Action<Deployment> check, string what, Lazy<Task<Deployment>>? mutant = null)
    {
        var deployment = await (mutant ?? Mutant).Value;
        var failure = Assert.ThrowsAny<XunitException>(() => check(deployment));
        Assert.Contains(what, failure.Message, StringComparison.OrdinalIgnoreCase);
    }
}
