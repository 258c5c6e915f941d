export {
  followSwitch,
  type SwitchAnswer,
  type SwitchFollower,
  type SwitchOptions,
  type SwitchStanding,
} from "./follow-switch.ts";
