// The types of parameters in .bicepparam files, and of values that main.bicep passes to modules.

@export()
@description('Tags: names and values.')
type Tags = {
  @description('A value, by its name.')
  *: string
}

@export()
@description('One account at one provider. Its tokens and keys are secrets in the Key Vault, given here by name.')
type Source = {
  @description('The name, part of every URL: letters, digits and single underscores. No hyphen, because names of app settings cannot contain one.')
  @minLength(1)
  @maxLength(64)
  name: string

  @description('The provider.')
  provider: 'Qiniu' | 'WangsuFmgr' | 'WangsuFops'

  @description('Base URL of the status API. Required for Wangsu (the MgrDomain of the account). Default for Qiniu: https://api.qiniu.com.')
  statusEndpoint: string?

  @description('Base URL of the status API of workflows V3, Qiniu only. Default: https://dora.qiniuapi.com. Requests are signed with a key of keySecrets.')
  workflowEndpoint: string?

  @description('The names of the secrets with notify tokens. All of them are valid: give two during a rotation.')
  @minLength(1)
  @maxLength(8)
  notifyTokenSecrets: string[]

  @description('The names of the secrets with the access and secret keys. All pairs are valid.')
  @maxLength(16)
  keySecrets: KeySecrets[]?

  @description('The domains of buckets, for the url of outputs for which the provider reports none. Default: none.')
  domains: Domain[]?

  @description('The accepted buckets. Reports about others go to quarantine or are not recorded. Default: any.')
  @minLength(1)
  @maxLength(64)
  buckets: string[]?

  @description('The accepted pipelines, Qiniu only, as "1381556928.video" or "video". Default: any.')
  @minLength(1)
  @maxLength(64)
  pipelines: string[]?

  @description('What a notification needs to settle a job. Default: Signature.')
  trust: ('Signature' | 'Token')?

  @description('When jobs are polled. Defaults: the provider\'s.')
  poll: PollSettings?
}

@description('The names of the two secrets of a key pair.')
type KeySecrets = {
  @description('The secret with the access key.')
  accessKey: string

  @description('The secret with the secret key.')
  secretKey: string
}

@description('The domain that serves a bucket.')
type Domain = {
  @description('The bucket.')
  @minLength(1)
  bucket: string

  @description('An http or https URL without a query, for example https://cdn.example.com. It may have a path.')
  @minLength(1)
  url: string
}

@description('When the jobs of a source are polled. Times are [d.]hh:mm:ss, or a number with a unit, such as 5m.')
type PollSettings = {
  @description('The time from registration to the first poll.')
  first: string?

  @description('The factor from one wait to the next, for example "1.5".')
  factor: string?

  @description('The longest wait between two polls.')
  max: string?

  @description('The time from registration to the last poll. Then a job without an outcome expires.')
  deadline: string?

  @description('The maximum rate of polls per second for the whole source, for example "10".')
  perSecond: string?

  @description('Learned or Fixed. Learned: polls are timed by the durations of earlier jobs of the source.')
  plan: ('Learned' | 'Fixed')?

  @description('The mean number of polls per job of a learned plan, for example "3". Default: that of the fixed plan.')
  perJob: string?
}

@export()
@description('An API key with its rights. The key is a secret in the Key Vault, given here by name.')
type ApiKey = {
  @description('The name of the key: letters, digits and single underscores. No hyphen, because names of app settings cannot contain one.')
  @minLength(1)
  @maxLength(64)
  name: string

  @description('The name of the secret with the key.')
  keySecret: string

  @description('Read: view. Write: view, register and act.')
  rights: 'Read' | 'Write'

  @description('The sources that the key is limited to. Default: all.')
  @minLength(1)
  @maxLength(64)
  sources: string[]?
}

@export()
@description('A subscription of the topic.')
type Subscription = {
  @description('The name.')
  @minLength(1)
  @maxLength(50)
  name: string

  @description('The filters. An event must match one of them. Default: every event.')
  @minLength(1)
  @maxLength(20)
  filters: Filter[]?

  @description('The number of deliveries after which a message is dead-lettered. Default: 10.')
  maxDeliveryCount: int?
}

@description('A filter. A correlation filter compares for equality and is cheap. An SQL filter takes any condition.')
@discriminator('kind')
type Filter = CorrelationFilter | SqlFilter

@description('Matches events that equal all given values.')
type CorrelationFilter = {
  @description('The name of the filter.')
  kind: 'correlation'

  @description('The type of the event: fopwatch.job.settled, fopwatch.job.progressed or fopwatch.job.overdue.')
  label: string?

  @description('Values of application properties: source, provider, state, settledBy, bucket, pipeline.')
  properties: MessageProperties?
}

@description('Values of application properties, by the property.')
type MessageProperties = {
  @description('The value of the property.')
  *: string
}

@description('Matches events for which a condition holds.')
type SqlFilter = {
  @description('The name of the filter.')
  kind: 'sql'

  @description('The condition, over application properties and system properties (sys.Label is the type of the event).')
  @maxLength(1024)
  expression: string
}

@export()
@description('An identity that may receive from a subscription.')
type Receiver = {
  @description('The object id of the identity in Entra.')
  @minLength(36)
  @maxLength(36)
  principalId: string

  @description('The kind of identity.')
  principalType: 'ServicePrincipal' | 'Group' | 'User'

  @description('The subscription, by name.')
  subscription: string
}

@export()
@description('Always-ready instances, which avoid cold starts.')
type AlwaysReady = {
  @description('The group of functions: http (all HTTP triggers), durable (the watches), or function:<name> for a timer.')
  name: string

  @description('The number of instances.')
  @minValue(1)
  @maxValue(1000)
  instanceCount: int
}

@export()
@description('An identity that runs the deployment by hand and fills the Key Vault.')
type Operator = {
  @description('The object id of the identity in Entra.')
  principalId: string

  @description('The kind of identity. Omit it if it is unknown: Azure then looks it up. Azure rejects a wrong kind.')
  principalType: ('User' | 'Group' | 'ServicePrincipal')?
}

@export()
@description('A monthly budget. Mails are sent at 80 % of it, and when the forecast exceeds it.')
type Budget = {
  @description('The amount, in the currency of the subscription.')
  @minValue(1)
  amount: int

  @description('The first day of the first month, for example 2026-12-01. Fixed once the budget exists.')
  @minLength(10)
  @maxLength(10)
  from: string
}

@export()
@description('The notify URL of a source.')
type NotifyUrl = {
  @description('The source.')
  source: string

  @description('The URL, with <token> in place of the token.')
  url: string

  @description('The secrets with its tokens.')
  tokenSecrets: string[]
}

@export()
@description('The ids of private DNS zones, by the group id of the private endpoint.')
type ZoneIds = {
  @description('Blobs.')
  blob: string

  @description('Queues.')
  queue: string

  @description('Tables.')
  table: string

  @description('Service Bus.')
  namespace: string

  @description('Key Vault.')
  vault: string

  @description('Function apps.')
  sites: string
}
